"""Redis takes connections and does not answer: submitters are not kept waiting, and nothing is lost or doubled."""

import asyncio
import time

import httpx

from jobs.loop_lag import LoopLag
from jobs.presence import Herald
from jobs.stores.database import Database
from jobs.stores.presence import Presence
from jobs.stores.redis import connect_redis
from tests.chaos.outages import hung
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.conditions import eventually, reaches
from tests.support.servers import Servers
from tests.support.site import submit

_A_FEW_S = 4.0
_MANY = 500


async def test_submissions_are_answered_while_redis_hangs(web: httpx.AsyncClient, servers: Servers) -> None:
    """One submitter, and then ten at once, are answered within a few seconds each; so is the probe."""
    async with hung(servers.redis), asyncio.timeout(12):
        for at_once in (1, 10):
            began = time.monotonic()
            jobs = await asyncio.gather(*(submit(web, "diag.noop") for _ in range(at_once)))
            assert time.monotonic() - began < _A_FEW_S
            assert {job["state"] for job in jobs} == {"accepted"}
        ready = await web.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"][0]) == (200, "redis")


async def test_a_crowd_does_not_wait_one_group_after_the_other(web: httpx.AsyncClient, servers: Servers) -> None:
    """Of five hundred at once none waits longer than one alone; when Redis answers, jobs are put in line again."""

    async def send() -> tuple[set[str], float]:
        began = time.monotonic()
        jobs = await asyncio.gather(*(submit(web, "diag.noop") for _ in range(_MANY)))
        return {job["state"] for job in jobs}, time.monotonic() - began

    _, well_s = await send()
    async with hung(servers.redis), asyncio.timeout(30):
        states, hung_s = await send()
        assert states == {"accepted"}
        assert hung_s - well_s < _A_FEW_S

    async def is_put_in_line() -> bool:
        return bool((await submit(web, "diag.noop"))["state"] == "queued")

    await eventually(is_put_in_line)


async def test_jobs_run_once_after_redis_has_hung(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """What ran goes on, what waited waits, what was submitted meanwhile is put in line: each runs exactly once."""
    async with worker_of(environ, {"data_sync": 4}) as worker, hasty_recoverer(environ, database):
        jobs = await asyncio.gather(*(submit(web, "diag.sleep", {"seconds": 0.3}) for _ in range(12)))
        async with hung(servers.redis):
            jobs.append(await submit(web, "diag.noop"))
        for job in jobs:
            ended = await reaches(web, job["id"], "succeeded", within_s=20)
            assert ended["tries"] == 1
        assert not worker.done()


async def test_a_worker_that_is_stopped_does_not_wait_for_redis(servers: Servers) -> None:
    """Its last word is not worth what a platform grants it to end: it would be killed while it says it."""
    async with connect_redis(servers.redis.url, patience_s=60) as redis:
        herald = Herald(presence=Presence(redis), name="leaving", intakes={}, tasks=(), lag=LoopLag())
        await herald.close()  # which has connected
        async with hung(servers.redis), asyncio.timeout(30):
            await herald.close()
