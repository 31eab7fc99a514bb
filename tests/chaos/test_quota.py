"""Quotas while a store is away, or a web process dies between the place and the row: they hold, and nothing leaks."""

import asyncio
import signal

import httpx
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.failing import fail
from tests.support.leaks import assert_nobody_has_anything
from tests.support.processes import web_process
from tests.support.servers import Servers
from tests.support.site import quotas, running_web, running_worker, submit

_ALMOST_OVER_MS = 1
_JOB = {"task": "diag.noop"}


async def test_one_s_own_number_holds_without_redis(
    web: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """PostgreSQL has it, and counts: also what is changed meanwhile, and for a data set of more jobs than are free."""
    await web.patch("/api/quota/admin", json={"max_waiting": 2})
    async with stopped(servers.redis):
        await submit(web, "diag.noop")
        batch = await web.post("/api/batches", json={"jobs": [{"task": "diag.noop"}] * 2})
        assert (batch.status_code, "1 are free" in batch.json()["detail"]) == (429, True)
        await submit(web, "diag.noop")
        assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 429
        shown = (await web.get("/api/quota")).json()
        assert (shown["used"], shown["free"], shown["limits"]["max_waiting"]) == (2, 0, 2)
        changed = await web.patch("/api/quota/admin", json={"max_waiting": 3})
        assert (changed.status_code, changed.json()["free"]) == (200, 1)
        await submit(web, "diag.noop")
        assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 429
    assert len(await database.fetch("SELECT FROM jobs")) == 3


async def test_of_many_at_once_no_more_are_accepted_without_redis(
    environ: dict[str, str], servers: Servers, database: Database
) -> None:
    """Jobs and batches, retries too, by two web processes: PostgreSQL counts for one after the other."""
    environ = {**environ, **quotas(waiting=10)}
    async with running_web(environ) as web, running_web(environ) as other:
        await fail(database, "f", "admin", 4)
        async with stopped(servers.redis):
            asked = [one.post("/api/jobs", json=_JOB) for one in (web, other) for _ in range(120)]
            asked += [one.post("/api/batches", json={"jobs": [_JOB] * 3}) for one in (web, other) for _ in range(4)]
            asked += [web.post(f"/api/jobs/admin{number}f/retry") for number in range(1, 5)]
            answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {202, 429}
    assert len(await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL")) == 10


async def test_a_change_that_redis_did_not_hear_of_is_told_by_a_steward(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, redis_url: str
) -> None:
    """As soon as one runs beside a Redis that is back."""
    async with stopped(servers.redis):
        assert (await web.patch("/api/quota/admin", json={"max_running": 7})).status_code == 200
    async with running_worker(environ), Redis.from_url(redis_url) as redis:

        async def is_told() -> bool:
            return bool(await redis.hget(keys.LIMITS, "admin") == b"7")

        await eventually(is_told)


async def test_a_web_process_that_dies_before_the_row_keeps_no_place(
    web: httpx.AsyncClient, environ: dict[str, str], redis_url: str, database: Database
) -> None:
    """Killed between the place and the INSERT: the place counts, for half a minute at most, and is another's then."""
    await web.patch("/api/quota/admin", json={"max_waiting": 1})
    async with Redis.from_url(redis_url) as redis, web_process(environ) as (doomed, client):

        async def has_place() -> bool:
            return bool(await redis.zcard(keys.reserve("admin")))

        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
            sent = asyncio.create_task(client.post("/api/jobs", json={"task": "diag.noop"}))
            await eventually(has_place)
            doomed.send(signal.SIGKILL)
            assert await doomed.ends(within_s=5) == -signal.SIGKILL
            await asyncio.wait([sent])
            assert isinstance(sent.exception(), httpx.TransportError)
            assert (await web.get("/api/quota")).json()["used"] == 1
            assert 0 < await redis.pttl(keys.reserve("admin")) <= 30_000
        assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 429
        await redis.pexpire(keys.reserve("admin"), _ALMOST_OVER_MS)
        await eventually(lambda: _is_free(redis))
        await submit(web, "diag.noop")
        async with running_worker(environ):
            await eventually(lambda: _is_over(web), within_s=40)
        await assert_nobody_has_anything(redis)


async def _is_free(redis: Redis) -> bool:
    return not await redis.exists(keys.reserve("admin"))


async def _is_over(web: httpx.AsyncClient) -> bool:
    """Say whether no job is unfinished: also the one whose row was written though nobody waited for it any more."""
    listed = (await web.get("/api/jobs")).json()["items"]
    return all(job["state"] == "succeeded" for job in listed) and (await web.get("/api/quota")).json()["used"] == 0
