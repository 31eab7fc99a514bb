"""A site behind PgBouncer, in both modes that the guide names."""

import asyncio
from pathlib import Path

import pytest

from deploy.local.binaries import find_postgres
from tests.support.files import publish, sync_rows
from tests.support.pgbouncer import pgbouncer_before
from tests.support.running import ran_now
from tests.support.site import end_of, running_web, running_worker, submit

ROWS = (("A1", "x", 2, "1.50", "2026-03-01 10:00:00"), ("A2", "x", 5, "1.50", "2026-03-02 11:00:00"))
_AT_ONCE = 30


@pytest.mark.parametrize(("mode", "size"), [("session", 40), ("transaction", 3)])
async def test_a_site_works_behind_it(environ: dict[str, str], tmp_path: Path, mode: str, size: int) -> None:
    """Many jobs at once, lists, a batch, and a file, whose rows go through a temporary table.

    In transaction mode there are fewer connections than who asks, so that each statement meets another one.
    """
    async with pgbouncer_before(environ["DATABASE_URL"], tmp_path, mode=mode, size=size) as url:
        backups = tmp_path / "backups"
        backups.mkdir()
        environ |= {
            "DATABASE_URL": url,
            "JOBS_TIMETABLE": "backup_database=0 0 1 1 *",
            "JOBS_BACKUP_DIR": str(backups),
            "JOBS_POSTGRES_BIN": str(find_postgres().folder),
        }
        async with running_web(environ) as client, running_worker(environ):
            backup = await ran_now(client, "backup_database")
            if mode == "session":
                assert backup["state"] == "succeeded"
            else:  # pg_dump would leave its session to others, who find no tables in it
                assert "pool_mode = transaction" in backup["error"]["message"]
            jobs = await asyncio.gather(*(submit(client, "diag.noop") for _ in range(_AT_ONCE)))
            ended = await asyncio.gather(*(end_of(client, job["id"]) for job in jobs))
            assert [job["state"] for job in ended] == ["succeeded"] * _AT_ONCE
            lists = await asyncio.gather(*(client.get("/api/jobs", params={"limit": 5}) for _ in range(_AT_ONCE)))
            assert all(len(answer.json()["items"]) == 5 for answer in lists)
            await publish(client)
            assert (await sync_rows(client, ROWS))["rows"]["inserted"] == len(ROWS)
