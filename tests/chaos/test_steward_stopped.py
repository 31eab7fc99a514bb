"""A steward is told to stop while it cannot write: it ends soon, and others have what it leaves at once."""

import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
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


@asynccontextmanager
async def _steward(environ: dict[str, str]) -> AsyncIterator[Running]:
    async with started(_STEWARD, environ) as steward:
        await steward.says("steward_started", within_s=_START_S)
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


async def _started(web: httpx.AsyncClient, database: Database) -> str:
    """Submit a job that runs for a while, and wait until its start is written; give its id."""
    job = await submit(web, "diag.sleep", {"seconds": 2.0})

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
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, redis_url: str
) -> None:
    """They have run all the time, and need neither wait for a minute nor for their next round."""
    async with Redis.from_url(redis_url) as redis, started(_WORKER, environ) as worker, _steward(environ) as first:
        job_id = await _started(web, database)
        async with AsyncExitStack() as slow:
            await slow.enter_async_context(_locked(database))
            await worker.says("job_ended")
            async with _steward(environ) as second:
                await _stopped(first, worker, redis)
                await _owes(second, redis, within_s=_TAKEN_WITHIN_S)
                await slow.aclose()
                await _is_written(database, job_id)


async def test_what_a_hung_postgres_kept_from_it_the_next_one_writes(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, redis_url: str, servers: Servers
) -> None:
    """It does not wait for an answer until it is killed."""
    async with Redis.from_url(redis_url) as redis, started(_WORKER, environ) as worker:
        async with _steward(environ) as first:
            job_id = await _started(web, database)
            async with hung(servers.postgres):
                await _stopped(first, worker, redis)
        async with _steward(environ):
            await _is_written(database, job_id)
