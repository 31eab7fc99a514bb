"""A site that has something of everything to look at, and how people press and fill in what they see."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from playwright.async_api import Locator, Page, Route, expect

from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.pictures import book_of, extract, picture, publish_products, upload_book
from tests.support.running import ran_now
from tests.support.shops import new_component_version, new_shop
from tests.support.site import end_of, submit

ROWS = (("A1", "x", 2, "1.50", "2026-03-01 10:00:00"), ("A2", "y", "many", "2.50", "2026-03-01 11:00:00"))

STOCK = (("SKU", "warehouse", "stock", "safety stock", "day"), ("S1", "north", 1, 5, f"{datetime.now(UTC):%Y-%m-%d}"))

# Of which thing a page is shown, and with which query.
_PLACES = {"/jobs/": "failed", "/batches/": "batch", "/files/": "file", "/syncs/": "sync", "/templates/": "template"}
_QUERIES = {"/jobs/new": "?task=diag.progress", "/quota": "?owner=admin"}


async def furnished(api: httpx.AsyncClient) -> dict[str, str]:
    """Make jobs that ended in each way, a batch, files with and without faults, pictures, a shop; give ids by name."""
    template = await publish(api, types={"quantity": "integer"})
    waits = await submit(api, "diag.noop", delay_s=3600, tags=["later"])
    failed = await submit(api, "diag.fail", {"message": "<b>not bold</b>"}, max_tries=2)
    batch = await submit_batch(api, [*noops(3), {"task": "diag.fail", "max_tries": 1}], name="greetings")
    file = (await upload(api, as_csv([ORDERS, *ROWS]))).json()
    synced = await sync(api, file["id"])
    await publish_products(api)
    book = await upload_book(api, book_of([("S1", [picture("red")])]))
    await extract(api, book["id"])
    profiled = (await api.post("/api/data-processing/workbooks", json={"file_id": book["id"]})).json()["task_id"]
    await publish(api, fields=STOCK[0], domain="inventory", date_rule={"field": "day"})
    await sync(api, (await upload(api, as_csv(STOCK), name="stock.csv", domain="inventory")).json()["id"])
    await ran_now(api, "check_low_stock")
    await new_shop(api)
    await new_component_version(api)
    for job_id in (failed["id"], profiled):
        await end_of(api, job_id)
    await end_of_batch(api, batch["id"])
    return {
        "template": template["id"],
        "waits": waits["id"],
        "failed": failed["id"],
        "batch": batch["id"],
        "file": file["id"],
        "book": book["id"],
        "sync": synced["task_id"],
    }


def address(path: str, things: Mapping[str, str]) -> str:
    """Give where a page of this template of a path is seen with something in it."""
    start, place, rest = path.partition("{id}")
    return f"{start}{things[_PLACES[start]]}{rest}" if place else f"{path}{_QUERIES.get(path, '')}"


async def press(page: Page, name: str, *, within: Locator | None = None) -> None:
    """Press the button of this name."""
    await (within or page).get_by_role("button", name=name, exact=True).click()


async def wait_long(page: Page) -> None:
    """Let what is cancelled have more time to end than a button gives it: a busy machine may take that."""

    async def with_time(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("wait_s=2", "wait_s=25"))

    await page.route("**/cancel?wait_s=2", with_time)


async def agree(page: Page, question: str) -> None:
    """Say yes to this question of a dialog's."""
    dialog = page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text(question)
    await press(page, "Yes", within=dialog)


async def fill(page: Page, **fields: Any) -> None:  # noqa: ANN401  texts and numbers
    """Fill in fields by their labels; a blank is written as an underscore."""
    for label, value in fields.items():
        await page.get_by_label(label.replace("_", " "), exact=True).fill(str(value))


async def says(page: Page, text: str) -> None:
    """Wait until the page says this of what was done."""
    await expect(page.get_by_role("status")).to_contain_text(text)
