"""Uploading and syncing over the API, as a user would."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from tests.support.site import end_of

RETAIL = Path(__file__).parents[2].parent / "shared" / "data" / "retail"

needs_retail = pytest.mark.skipif(not RETAIL.is_dir(), reason="the retail data set is not part of a user's clone")

ORDERS = ("order_no", "sku", "quantity", "price", "ordered_at")


async def publish(client: httpx.AsyncClient, *, fields: Sequence[str] = ORDERS, **more: object) -> Any:  # noqa: ANN401  JSON
    """Create and publish a template for orders; give it."""
    body = {
        "platform": "shop",
        "domain": "orders",
        "granularity": "daily",
        "header_row": 1,
        "fields": list(fields),
        "key_fields": list(fields[:2]),
        "required_fields": [],
        "date_rule": {"field": "ordered_at"},
        **more,
    }
    answer = await client.post("/api/data-sync/templates", json=body)
    assert answer.status_code == 201, answer.text
    published = await client.post(f"/api/data-sync/templates/{answer.json()['id']}/publish")
    assert published.status_code == 200, published.text
    return published.json()


async def upload(client: httpx.AsyncClient, content: bytes, *, name: str = "orders.csv", **more: str) -> httpx.Response:
    """Upload a file of orders; give the answer."""
    form = {"platform": "shop", "shop_id": "s1", "domain": "orders", "granularity": "daily", **more}
    return await client.post("/api/data-sync/files", data=form, files={"file": (name, content)})


async def sync(client: httpx.AsyncClient, file_id: str) -> Any:  # noqa: ANN401  JSON
    """Sync a file to its end; give its progress."""
    answer = await client.post("/api/data-sync/single", json={"file_id": file_id})
    assert answer.status_code == 202, answer.text
    task_id = answer.json()["task_id"]
    await end_of(client, task_id)
    return (await client.get(f"/api/data-sync/progress/{task_id}")).json()


async def sync_rows(client: httpx.AsyncClient, rows: Iterable[Sequence[object]], **more: str) -> Any:  # noqa: ANN401  JSON
    """Upload rows below the header of ORDERS as csv, and sync them; give the progress."""
    answer = await upload(client, as_csv([ORDERS, *rows]), **more)
    assert answer.status_code == 201, answer.text
    return await sync(client, answer.json()["id"])


def as_csv(rows: Iterable[Sequence[object]], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Write rows as a csv file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows as an Excel file."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
