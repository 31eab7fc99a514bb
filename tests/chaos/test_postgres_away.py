"""PostgreSQL goes away: requests say so and change nothing, results wait for it, and nothing has to be restarted."""

import asyncio
import time
from contextlib import AsyncExitStack

import httpx
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database, Row
from tests.chaos.outages import killed, stopped
from tests.conftest import Servers
from tests.support.conditions import eventually, reaches
from tests.support.history import abandon
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


async def test_the_history_is_complete_soon_after(
    site: httpx.AsyncClient, servers: Servers, database: Database, redis_url: str
) -> None:
    """Whatever happened in Redis meanwhile, and was tried in vain to be written: all of it is, within seconds."""

    async def is_in_order() -> bool:
        return bool(await database.fetch("SELECT FROM site WHERE rebuilt_at IS NOT NULL"))

    await eventually(is_in_order)
    jobs = [await submit(site, "diag.sleep", {"seconds": 0.05}) for _ in range(60)]
    async with stopped(servers.postgres), Redis.from_url(redis_url) as redis:

        async def all_have_run() -> bool:
            return not await redis.zcard(keys.queue("data_sync"))

        await eventually(all_have_run)
        await asyncio.sleep(1.0)  # the time of two attempts: nothing tells of them
    for job in jobs:
        row = await _end_of_row(database, job["id"])
        assert (row["state"], row["tries"]) == ("succeeded", 1)


async def test_a_crash_under_load_loses_and_doubles_nothing(site: httpx.AsyncClient, servers: Servers) -> None:
    """PostgreSQL is killed while jobs start, run and end: each succeeds, and none runs twice."""
    jobs = await asyncio.gather(*(submit(site, "diag.sleep", {"seconds": 0.2}) for _ in range(20)))
    async with killed(servers.postgres):
        pass
    for job in jobs:
        ended = await reaches(site, job["id"], "succeeded", within_s=20)
        assert ended["tries"] == 1


async def test_a_worker_starts_while_postgres_is_away(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """It runs what Redis has, and the history follows as soon as PostgreSQL is back."""
    job = await submit(web, "diag.noop")
    async with AsyncExitStack() as outage:
        await outage.enter_async_context(stopped(servers.postgres))
        async with worker_process(environ) as worker:
            await worker.says("job_ended")
            await worker.says("stewardship_awaits_stores")
            await outage.aclose()
            row = await _end_of_row(database, job["id"])
    assert (row["state"], row["tries"]) == ("succeeded", 1)


async def test_a_worker_that_dies_meanwhile_takes_nothing_with_it(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database, redis_url: str
) -> None:
    """What it ran runs again when its lease ends; what had ended and it could not write is written by the next one."""
    async with worker_process(environ) as worker, Redis.from_url(redis_url) as redis:
        over, running = [await submit(web, "diag.sleep", {"seconds": seconds}) for seconds in (1.0, 2.5)]
        for job in (over, running):
            await reaches(web, job["id"], "running")
        async with stopped(servers.postgres):
            await worker.says("job_ended")
            await worker.says("history_awaits_store")
            await worker.kill()
            await abandon(redis, worker.pid)
    async with worker_process(environ):
        for job in (over, running):
            row = await _end_of_row(database, job["id"])
            assert (row["state"], row["tries"]) == ("succeeded", 1)


async def _end_of_row(database: Database, job_id: str) -> Row:
    """Wait until PostgreSQL has a job's end; give its row."""

    async def look() -> Row | None:
        return await database.fetch_row("SELECT * FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id)

    return await eventually(look)
