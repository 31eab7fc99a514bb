"""A worker is killed while it takes pictures out of a file."""

import signal

import httpx
import pytest

from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.data_processing.media import Size
from tests.support.conditions import PATIENCE_S, eventually, reaches
from tests.support.pictures import book_of, files_in, picture, publish_products, upload_book
from tests.support.processes import worker_process

pytestmark = pytest.mark.usefixtures("stores_stay")

_PICTURES = 24
_QUEUE = "data_processing:1"


async def test_what_a_killed_worker_has_begun_another_completes(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Each image is there once; files that the first has kept are whole, and used by the next."""
    await publish_products(web)
    products = [(f"A{number}", [picture(size=(1500, 1000 + number))]) for number in range(_PICTURES)]
    file = await upload_book(web, book_of(products))
    task_id = (await web.post("/api/data-processing/images", json={"file_id": file["id"]})).json()["task_id"]
    folder = load_settings(environ).media_folder / Size.ORIGINAL

    async def has_begun() -> bool:
        return len(files_in(folder)) >= 2

    async with worker_process(environ, _QUEUE) as doomed:
        await eventually(has_begun, within_s=2 * PATIENCE_S)
        doomed.send(signal.SIGKILL)
        await doomed.ends(within_s=10)
    kept = {path: path.stat().st_mtime_ns for path in files_in(folder)}
    assert 2 <= len(kept) < _PICTURES
    assert await database.fetch("SELECT FROM product_images") == []
    async with worker_process(environ, _QUEUE):
        job = await reaches(web, task_id, "succeeded", within_s=2 * PATIENCE_S)
    assert (job["result"]["images"], job["result"]["added"], job["result"]["problems"]) == (_PICTURES, _PICTURES, [])
    rows = await database.fetch("SELECT sku, sha256 FROM product_images")
    assert {row["sku"] for row in rows} == {sku for sku, _ in products}
    assert len(rows) == _PICTURES
    assert {path.stem for path in files_in(folder)} == {row["sha256"] for row in rows}
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
