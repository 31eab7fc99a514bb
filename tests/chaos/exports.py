"""Order exports of the tests' own: made by rule, uploaded, and synced."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx

from jobs.stores.database import Database

HEADERS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
PLACE = {"platform": "retail", "domain": "orders", "granularity": "daily"}

_FIRST_DAY = date(2031, 1, 1)
_LINES_A_DAY = 1000
_LINES_AN_ORDER = 4


def export(rows: int, *, first: int = 0, ending: str = "") -> bytes:
    """Make a csv of so many order lines, numbered from `first`, with `ending` after the last."""
    return ("\n".join([",".join(HEADERS), *_lines(first, rows)]) + "\n" + ending).encode()


def _lines(first: int, rows: int) -> Iterator[str]:
    for number in range(first, first + rows):
        day = _FIRST_DAY + timedelta(days=number // _LINES_A_DAY)
        order, line = divmod(number, _LINES_AN_ORDER)
        yield f"{order},S{line},a thing of kind {line},{line + 1},{day} 08:30:00,2.50,C{order % 97},Nowhere"


async def publish_template(web: httpx.AsyncClient) -> None:
    """Let there be a template for these exports."""
    body = {
        **PLACE,
        "fields": HEADERS,
        "key_fields": ["InvoiceNo", "StockCode"],
        "date_rule": {"field": "InvoiceDate"},
    }
    made = await web.post("/api/data-sync/templates", json=body)
    assert made.status_code == 201, made.text
    published = await web.post(f"/api/data-sync/templates/{made.json()['id']}/publish")
    assert published.status_code == 200, published.text


async def upload(web: httpx.AsyncClient, content: bytes) -> Any:  # noqa: ANN401  JSON
    """Upload a file that must be taken; give its entry."""
    answer = await send_file(web, content)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def send_file(web: httpx.AsyncClient, content: bytes) -> httpx.Response:
    """Upload a file; give whatever is answered."""
    form = {**PLACE, "shop_id": "shop-1"}
    return await web.post("/api/data-sync/files", data=form, files={"file": ("orders.csv", content)})


async def sync(web: httpx.AsyncClient, file_id: str) -> str:
    """Submit the sync of a file; give the job's id."""
    answer = await web.post("/api/data-sync/single", json={"file_id": file_id})
    assert answer.status_code in {200, 202}, answer.text
    return str(answer.json()["task_id"])


async def count_facts(database: Database, file_id: str | None = None) -> int:
    """Count the facts, those of one file or all."""
    row = await database.fetch_row("SELECT count(*) AS n FROM facts WHERE $1::uuid IS NULL OR file_id = $1", file_id)
    return 0 if row is None else int(row["n"])
