"""The disk is full: uploads are refused, images are tried again, nothing is left behind, and the processes go on."""

from pathlib import Path

import httpx
import pytest
from PIL import Image

from jobs.stores.database import Database
from tests.chaos.exports import export, send_file, upload
from tests.support.conditions import reaches, written
from tests.support.pictures import book_of, noise, publish_products
from tests.support.pictures import upload_book as upload_products
from tests.support.processes import WORKER, started, web_process
from tests.support.small_disk import on_a_small_disk

pytestmark = pytest.mark.usefixtures("stores_stay")

_DISK = "1m"
_ROWS_TOO_MANY = 40_000  # some 2.5 MB


def _files_in(pid: int, folder: Path) -> list[Path]:
    """List the files of a folder as a process sees it."""
    seen = Path(f"/proc/{pid}/root{folder}")
    return [path for path in seen.rglob("*") if path.is_file()]


@pytest.mark.parametrize("full", ["uploads", "temporary"])
async def test_uploads_to_a_full_disk_are_refused(
    environ: dict[str, str], database: Database, tmp_path: Path, full: str
) -> None:
    """Be it the folder of uploads or that of temporary files: 503, no entry, no leftovers; small files still fit."""
    disk = tmp_path / "disk"
    small = on_a_small_disk(disk, _DISK)
    variable = {"uploads": "JOBS_DATA_DIR", "temporary": "TMPDIR"}[full]
    async with web_process({**environ, variable: str(disk)}, wrap=small) as (web, client):
        answer = await send_file(client, export(_ROWS_TOO_MANY))
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable"), answer.text
        assert "retry-after" in answer.headers
        assert await database.fetch("SELECT * FROM files") == []
        assert _files_in(web.pid, disk) == []
        file = await upload(client, export(10))
        assert file["state"] == "pending"
        assert web.runs


async def test_an_extraction_to_a_full_disk_is_tried_again(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, tmp_path: Path
) -> None:
    """What was kept is whole, no image is told of, and the worker goes on: its next try may find room."""
    disk = tmp_path / "disk"
    small = on_a_small_disk(disk, _DISK)
    await publish_products(web)
    file = await upload_products(web, book_of([(f"A{n}", [noise(600 + n)]) for n in range(8)]))
    job = (await web.post("/api/data-processing/images", json={"file_id": file["id"]})).json()["job"]
    command = (*small, *WORKER, "--queues", "data_processing:1")
    async with started(command, {**environ, "JOBS_MEDIA_DIR": str(disk)}) as worker:
        await reaches(web, job["id"], "retrying", within_s=30)
        failed = await written(web, job["id"])
        assert failed["attempts"][0]["error"]["message"] == "the media folder: No space left on device"
        assert await database.fetch("SELECT * FROM product_images") == []
        kept = _files_in(worker.pid, disk)
        assert kept
        assert {path.parent.parent.name for path in kept} <= {"originals", "thumbnails"}
        for path in kept:
            with Image.open(path) as image:
                image.load()
        assert worker.runs
