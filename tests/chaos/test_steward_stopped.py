"""A steward is told to stop while it cannot write: it ends soon, and others have what it leaves at once."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import hung
from tests.support.conditions import eventually
from tests.support.history import readers
from tests.support.processes import Running, started
from tests.support.servers import Servers
from tests.support.site import submit

_STEWARD = (sys.executable, "-m", "jobs", "steward")
_WORKER = (sys.executable, "-m", "jobs", "worker", "--queues", "data_sync:2")
_START_S = 30.0
_STOPPED_WITHIN_S = 15.0
_TAKEN_WITHIN_S = 4.0
_WRITTEN_WITHIN_S = 6.0


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has the tests' own tasks too."""
    return {**environ, "JOBS_TASKS": "tests.support.tasks:TASKS"}


@asynccontextmanager
async def _steward(environ: dict[str, str], redis: Redis) -> AsyncIterator[Running]:
    """Start a steward; it reads what has happened when the context is entered."""
    async with started(_STEWARD, environ) as steward:
        await eventually(lambda: readers(redis, steward.pid), within_s=_START_S)
        yield steward


@asynccontextmanager
async def _locked(database: Database) -> AsyncIterator[None]:
    """Let nobody write jobs; they can be read."""
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
        yield


async def _owes(steward: Running, redis: Redis, *, within_s: float) -> None:
    """Wait until this process has read something that it has not written."""

    async def look() -> bool:
        names = await readers(redis, steward.pid)
        owed = [await redis.xpending_range(keys.EVENTS, keys.HISTORY_GROUP, "-", "+", 1, name) for name in names]
        return any(owed)

    await eventually(look, within_s=within_s)


async def _started(web: httpx.AsyncClient, database: Database, until: Path) -> str:
    """Submit a job that runs until this file is there, and wait until its start is written; give its id."""
    job = await submit(web, "test.await_file", {"path": str(until)})

    async def is_written() -> bool:
        return bool(await database.fetch("SELECT FROM jobs WHERE state = 'running'"))

    await eventually(is_written)
    return str(job["id"])


async def _stopped(steward: Running, worker: Running, redis: Redis) -> None:
    """Stop a steward once it has read what it cannot write; it ends well, and that is unwritten still."""
    await worker.says("job_ended")
    await _owes(steward, redis, within_s=10)
    steward.send(signal.SIGTERM)
    assert await steward.ends(within_s=_STOPPED_WITHIN_S) == 0
    assert (await redis.xpending(keys.EVENTS, keys.HISTORY_GROUP))["pending"] > 0


async def _is_written(database: Database, job_id: str) -> None:
    async def look() -> bool:
        return bool(await database.fetch("SELECT FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id))

    await eventually(look, within_s=_WRITTEN_WITHIN_S)


async def test_what_a_slow_postgres_kept_from_it_the_others_write(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, redis_url: str, tmp_path: Path
) -> None:
    """They have run all the time, and need neither wait for a minute nor for their next round."""
    enough = tmp_path / "enough"
    async with (
        Redis.from_url(redis_url) as redis,
        started(_WORKER, environ) as worker,
        _steward(environ, redis) as first,
    ):
        job_id = await _started(web, database, enough)
        async with AsyncExitStack() as slow:
            await slow.enter_async_context(_locked(database))
            enough.touch()
            await _owes(first, redis, within_s=10)  # before there is another who might read it
            async with _steward(environ, redis) as second:
                await _stopped(first, worker, redis)
                await _owes(second, redis, within_s=_TAKEN_WITHIN_S)
                await slow.aclose()
                await _is_written(database, job_id)


async def test_what_a_hung_postgres_kept_from_it_the_next_one_writes(
    web: httpx.AsyncClient,
    environ: dict[str, str],
    database: Database,
    redis_url: str,
    servers: Servers,
    tmp_path: Path,
) -> None:
    """It does not wait for an answer until it is killed."""
    enough = tmp_path / "enough"
    async with Redis.from_url(redis_url) as redis, started(_WORKER, environ) as worker:
        async with _steward(environ, redis) as first:
            job_id = await _started(web, database, enough)
            async with hung(servers.postgres):
                enough.touch()
                await _stopped(first, worker, redis)
        async with _steward(environ, redis):
            await _is_written(database, job_id)
