"""`backup_database` after a clock was ahead: what is named by days to come pushes nothing out and hides nothing."""

from pathlib import Path

import pytest

from deploy.local.binaries import find_postgres
from jobs.stores.database import Database
from tests.support.metrics import scrape, value_of
from tests.support.running import ran_now
from tests.support.site import running_web, running_worker

_SCHEDULE = "backup_database"
_OLD = tuple(f"switchyard-2020010{day}T030000.000Z.dump" for day in range(1, 4))
_AHEAD = tuple(f"switchyard-2999010{day}T030000.000Z.dump" for day in range(1, 4))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give where backups go, with three of days that are over, and three of days that are yet to come."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in (*_OLD, *_AHEAD):
        (folder / name).write_bytes(b"x")
    return folder


@pytest.fixture
def environ(environ: dict[str, str], folder: Path) -> dict[str, str]:
    """Give the variables of a site that keeps three backups, of which none is due by itself."""
    return {
        **environ,
        "JOBS_TIMETABLE": f"off; {_SCHEDULE}=0 0 29 2 *",
        "JOBS_BACKUP_DIR": str(folder),
        "JOBS_BACKUP_KEEP": "3",
        "JOBS_POSTGRES_BIN": str(find_postgres().folder),
    }


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_what_was_just_made_stays_and_is_the_newest(
    environ: dict[str, str], database: Database, folder: Path
) -> None:
    """Backups of days that are yet to come go first, and the age in the metrics is that of the newest other."""
    known = "INSERT INTO backups (name, bytes, began_at) SELECT name, 1, $2 FROM unnest($1::text[]) AS name"
    await database.execute(known.replace("$2", "'2020-01-03T03:00Z'"), list(_OLD))
    await database.execute(known.replace("$2", "'2999-01-03T03:00Z'"), list(_AHEAD))
    async with running_web(environ) as client, running_worker(environ):
        assert value_of(await scrape(client), "switchyard_backup_age_seconds") > 0
        job = await ran_now(client, _SCHEDULE)
        after = await scrape(client)
    assert job["state"] == "succeeded", job["error"]
    assert job["result"]["dropped"] == 4
    assert _names(folder) == {job["result"]["name"], *_OLD[1:]}
    assert 0 < value_of(after, "switchyard_backup_age_seconds") < 60
    assert value_of(after, "switchyard_backup_bytes") == job["result"]["bytes"]
