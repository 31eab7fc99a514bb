"""The disk is full: uploads are refused, nothing is left behind, and the web process goes on."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from jobs.stores.database import Database
from tests.chaos.exports import export, send_file, upload
from tests.support.processes import web_process

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
