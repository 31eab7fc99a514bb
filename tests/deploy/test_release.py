"""A release with a migration, as the guide deploys it: under load, one process after the other."""

import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.held import held_port, web_behind
from tests.support.previous import previous_release
from tests.support.processes import ROOT, Running, started, worker_process
from tests.support.site import environment
from tests.support.steady_load import load_on

_SUBMITTERS = 4
_UNDER_WAY = 15
_WITHIN_S = 60.0
_STOPS_WITHIN_S = 30.0


async def test_no_job_is_lost_or_fails_and_nobody_is_refused(
    empty_database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The former release's processes make way for ours, on the tables that ours has just changed."""
    before = tmp_path / "before"
    before.mkdir()
    previous_release(before)
    environ = environment(database_url=empty_database_url, redis_url=redis_url, data_dir=tmp_path / "data")
    environ["JOBS_DRAIN_S"] = "1"
    await _migrate(environ, before)
    database = await Database.open(empty_database_url, size=2, patience_s=10, answer_s=30)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        held = stack.enter_context(held_port())
        web = await stack.enter_async_context(web_behind(held, environ, tree=before))
        worker = await stack.enter_async_context(worker_process(environ, tree=before))
        async with load_on("http://{}:{}".format(*held.getsockname()), submitters=_SUBMITTERS) as load:
            await _ended_more(database)
            await _migrate(environ, ROOT)
            await _ended_more(database)
            await stack.enter_async_context(web_behind(held, environ))
            await _end(web)
            await _ended_more(database)
            await stack.enter_async_context(worker_process(environ))
            await _end(worker)
            await _ended_more(database)
        await eventually(lambda: _none_is_left(database), within_s=_WITHIN_S)
        rows = await database.fetch("SELECT id, state, tries FROM jobs")
    assert {row["id"] for row in rows} == set(load.accepted)
    assert Counter((row["state"], row["tries"]) for row in rows) == {("succeeded", 1): len(load.accepted)}
    assert len(load.refused_at) <= 1  # the former release may still close a connection that it had just accepted


async def _migrate(environ: Mapping[str, str], tree: Path) -> None:
    async with started((sys.executable, "-m", "app", "migrate"), environ, tree=tree) as process:
        assert await process.ends(within_s=_WITHIN_S) == 0, process.lines


async def _end(process: Running) -> None:
    process.send(signal.SIGTERM)
    assert await process.ends(within_s=_STOPS_WITHIN_S) in {0, -signal.SIGTERM}, process.lines


async def _ended_more(database: Database) -> None:
    wanted = await _ended(database) + _UNDER_WAY

    async def are_there() -> bool:
        return await _ended(database) >= wanted

    await eventually(are_there, within_s=_WITHIN_S)


async def _ended(database: Database) -> int:
    (row,) = await database.fetch("SELECT count(*) AS amount FROM jobs WHERE finished_at IS NOT NULL")
    return int(row["amount"])


async def _none_is_left(database: Database) -> bool:
    return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")
