"""PostgreSQL goes away: requests say so and change nothing, results wait for it, and nothing has to be restarted."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.conditions import eventually, reaches
from tests.chaos.outages import killed, stopped
from tests.conftest import Servers
from tests.support.processes import worker_process
from tests.support.site import end_of, submit

# Longer than the web process waits for a connection, with room for the server's own start and stop.
_ANSWERED_S = 5.0


def assert_unavailable(answer: httpx.Response) -> None:
    """Expect the problem `unavailable`, with a time to come back and nothing of our insides."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["type"] == "unavailable"
    assert "sock" not in answer.text.lower()


async def test_requests_are_refused_and_change_nothing(
    site: httpx.AsyncClient, servers: Servers, database: Database, redis_url: str
) -> None:
    """Submissions and questions are answered 503 while it is away; afterwards all goes on as if nothing had been."""
    job = await submit(site, "diag.noop")
    await reaches(site, job["id"], "succeeded")
    async with stopped(servers.postgres):
        began = time.monotonic()
        assert_unavailable(await site.post("/api/jobs", json={"task": "diag.noop"}))
        assert_unavailable(await site.get(f"/api/jobs/{job['id']}"))
        assert_unavailable(await site.get("/api/data-sync/templates"))
        assert time.monotonic() - began < _ANSWERED_S
        alive, ready = await site.get("/healthz"), await site.get("/readyz")
        assert alive.status_code == 200
        assert (ready.status_code, ready.json()["degraded"]) == (503, ["postgresql"])
        async with Redis.from_url(redis_url) as redis:
            assert await redis.zcard(keys.queue("data_sync")) == 0
    assert (await site.get("/readyz")).status_code == 200
    assert [row["id"] for row in await database.fetch("SELECT id FROM jobs")] == [job["id"]]
    after = await submit(site, "diag.noop")
    assert (await end_of(site, after["id"]))["state"] == "succeeded"


async def test_the_result_of_a_running_job_is_not_lost(site: httpx.AsyncClient, servers: Servers) -> None:
    """A job that ends meanwhile waits for PostgreSQL with its result; it does not run again."""
    job = await submit(site, "diag.sleep", {"seconds": 0.5})
    await reaches(site, job["id"], "running")
    async with stopped(servers.postgres):
        await asyncio.sleep(0.6)  # the job's own time: nothing tells that it has ended
    ended = await reaches(site, job["id"], "succeeded")
    assert (ended["result"], ended["tries"]) == (0.5, 1)


async def test_a_crash_under_load_loses_and_doubles_nothing(site: httpx.AsyncClient, servers: Servers) -> None:
    """PostgreSQL is killed while jobs start, run and end: each succeeds, and none runs twice."""
    jobs = await asyncio.gather(*(submit(site, "diag.sleep", {"seconds": 0.2}) for _ in range(20)))
    async with killed(servers.postgres):
        pass
    for job in jobs:
        ended = await reaches(site, job["id"], "succeeded", within_s=20)
        assert ended["tries"] == 1


async def test_a_worker_starts_while_postgres_is_away(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str]
) -> None:
    """It takes what Redis has and waits until PostgreSQL lets the job start."""
    job = await submit(web, "diag.noop")
    async with AsyncExitStack() as outage:
        await outage.enter_async_context(stopped(servers.postgres))
        async with worker_process(environ) as worker:
            await worker.says("store_awaited")
            await outage.aclose()
            ended = await reaches(web, job["id"], "succeeded")
    assert ended["tries"] == 1


async def test_a_worker_that_dies_while_it_waits_does_not_keep_its_jobs(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], redis_url: str
) -> None:
    """A job that was claimed but could not start is another worker's as soon as any claim would have ended."""
    job = await submit(web, "diag.noop", timeout_s=1)
    async with stopped(servers.postgres), worker_process(environ) as worker, Redis.from_url(redis_url) as redis:

        async def is_claimed() -> bool:
            return bool(await redis.exists(keys.in_progress(job["id"])))

        await eventually(is_claimed)
        await worker.says("store_awaited")
        await worker.kill()
    async with worker_process(environ):
        await reaches(web, job["id"], "succeeded", within_s=16)
