"""The disk is full: uploads are refused, nothing is left behind, and the web process goes on."""

from pathlib import Path

import pytest

from jobs.stores.database import Database
from tests.chaos.exports import export, send_file, upload
from tests.support.processes import web_process
from tests.support.small_disk import on_a_small_disk

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
