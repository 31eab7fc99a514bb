"""The disk is full: uploads are refused, images are tried again, nothing is left behind, and the processes go on."""

import os
import subprocess
import sys
from collections.abc import Sequence
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

_DISK = "1m"
_ROWS_TOO_MANY = 40_000  # some 2.5 MB

# A disk of its own, seen by this process and its children alone; it is gone with them.
_ON_A_SMALL_DISK = 'mkdir -p "$0" && mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'


def _on_a_small_disk(folder: Path) -> Sequence[str]:
    return ("unshare", "--mount", "/bin/sh", "-c", _ON_A_SMALL_DISK, str(folder), _DISK)


def _may_mount(folder: Path) -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    tried = subprocess.run([*_on_a_small_disk(folder), "true"], capture_output=True, check=False)
    return tried.returncode == 0


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
    if not _may_mount(disk):
        pytest.skip("needs root on Linux, with the right to mount")
    variable = {"uploads": "JOBS_DATA_DIR", "temporary": "TMPDIR"}[full]
    async with web_process({**environ, variable: str(disk)}, wrap=_on_a_small_disk(disk)) as (web, client):
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
    if not _may_mount(disk):
        pytest.skip("needs root on Linux, with the right to mount")
    await publish_products(web)
    file = await upload_products(web, book_of([(f"A{n}", [noise(600 + n)]) for n in range(8)]))
    job = (await web.post("/api/data-processing/images", json={"file_id": file["id"]})).json()["job"]
    command = (*_on_a_small_disk(disk), *WORKER, "--queues", "data_processing:1")
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
