"""Redis goes away: jobs are still accepted, none is lost, none ends twice, and nothing has to be restarted."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import httpx
import pytest

from deploy.local.server import Server
from jobs.stores.database import Database
from tests.chaos.outages import killed, stopped
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.bed import NOTE_ENDS
from tests.support.conditions import eventually, reaches
from tests.support.history import all_written
from tests.support.processes import worker_process
from tests.support.servers import Servers
from tests.support.site import end_of, quotas, running_web, submit

_PROMPTLY_S = 2.0

Outage = Callable[[Server], AbstractAsyncContextManager[None]]


async def test_a_job_is_accepted_and_runs_once_redis_is_back(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """The submitter is answered at once, told that only PostgreSQL has the job, and nobody has to help it on."""
    async with worker_of(environ, {"data_sync": 2}), hasty_recoverer(environ, database):
        async with stopped(servers.redis):
            began = time.monotonic()
            job = await submit(web, "diag.sleep", {"seconds": 0.01})
            assert time.monotonic() - began < _PROMPTLY_S
            assert (job["state"], job["durability"]) == ("accepted", "postgres")
            ready = await web.get("/readyz")
            assert (ready.status_code, ready.json()["degraded"][0]) == (200, "redis")
        ended = await reaches(web, job["id"], "succeeded")
        assert (ended["tries"], ended["durability"]) == (1, "full")
    ready = await web.get("/readyz")
    assert (ready.status_code, "redis" in ready.json()["degraded"]) == (200, False)


async def test_many_submitters_at_once_are_answered_promptly(web: httpx.AsyncClient, servers: Servers) -> None:
    """They do not queue up behind each other's attempts to reach Redis."""
    async with stopped(servers.redis):
        began = time.monotonic()
        jobs = await asyncio.gather(*(submit(web, "diag.noop") for _ in range(20)))
        assert time.monotonic() - began < _PROMPTLY_S
    assert {job["state"] for job in jobs} == {"accepted"}


async def test_a_worker_by_itself_puts_forgotten_jobs_in_line(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """A worker, as it is started in production, looks for accepted jobs that are ten seconds old."""
    async with stopped(servers.redis):
        job = await submit(web, "diag.noop")
        await database.execute("UPDATE jobs SET accepted_at = accepted_at - interval '1 minute'")
    async with worker_of(environ, {"data_sync": 1}):
        ended = await end_of(web, job["id"])
    assert (ended["state"], ended["tries"]) == ("succeeded", 1)


@pytest.mark.parametrize("outage", [stopped, killed])
async def test_an_outage_under_load_loses_and_doubles_nothing(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database, outage: Outage
) -> None:
    """A hundred jobs, some running, some waiting, some submitted meanwhile: each succeeds and ends exactly once."""
    await database.execute(NOTE_ENDS)
    async with worker_of(environ, {"data_sync": 10}) as worker, hasty_recoverer(environ, database):
        jobs = [await submit(web, "diag.sleep", {"seconds": 0.2}) for _ in range(95)]
        async with outage(servers.redis):
            jobs += [await submit(web, "diag.sleep", {"seconds": 0.01}) for _ in range(5)]
        for job in jobs:
            await reaches(web, job["id"], "succeeded", within_s=20)
        assert not worker.done()
        await all_written(database)
    ends = Counter(row["job_id"] for row in await database.fetch("SELECT job_id FROM ends"))
    assert ends == Counter(job["id"] for job in jobs)


async def test_outages_use_up_no_slots(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """A worker with a single slot still runs jobs after three outages in a row, each while it had work."""
    async with worker_of(environ, {"data_sync": 1}) as worker, hasty_recoverer(environ, database):
        for _ in range(3):
            before = await submit(web, "diag.sleep", {"seconds": 2.0})
            await reaches(web, before["id"], "running")
            async with stopped(servers.redis):
                during = await submit(web, "diag.noop")
                await asyncio.sleep(2.1)  # the job's own time: nothing tells that it has ended
            after = await submit(web, "diag.noop")
            for job in (before, during, after):
                assert (await reaches(web, job["id"], "succeeded"))["tries"] == 1
        assert not worker.done()


async def test_a_worker_starts_while_redis_is_away(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str]
) -> None:
    """It waits for Redis and then takes what is there."""
    job = await submit(web, "diag.noop")
    async with AsyncExitStack() as outage:
        await outage.enter_async_context(stopped(servers.redis))
        async with worker_process(environ, "data_sync:1") as worker:
            await worker.says("redis_awaited")
            await outage.aclose()
            await reaches(web, job["id"], "succeeded")
            assert worker.runs


async def test_redis_that_lost_everything_gets_the_accepted_jobs(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """Jobs that were accepted while it was away are put into an empty Redis once a steward has seen to it."""
    async with stopped(servers.redis):
        jobs = [await submit(web, "diag.noop") for _ in range(5)]
    async with worker_of(environ, {"data_sync": 1}), hasty_recoverer(environ, database):

        async def all_in_line() -> bool:
            row = await database.fetch_row("SELECT count(*) AS left FROM jobs WHERE state = 'accepted'")
            return row is not None and row["left"] == 0

        await eventually(all_in_line)
        for job in jobs:
            await reaches(web, job["id"], "succeeded")


async def test_the_quota_holds_without_redis(environ: dict[str, str], servers: Servers, database: Database) -> None:
    """PostgreSQL counts meanwhile: the eleventh of ten is refused, and leaves nothing."""
    async with running_web({**environ, **quotas(waiting=10)}) as web, stopped(servers.redis):
        for _ in range(10):
            await submit(web, "diag.noop")
        answer = await web.post("/api/jobs", json={"task": "diag.noop"})
        assert (answer.status_code, answer.json()["type"]) == (429, "waiting-quota")
    assert len(await database.fetch("SELECT id FROM jobs")) == 10


async def test_an_idempotency_key_holds_without_redis(
    web: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """What was sent while it was away makes no second job, neither meanwhile nor when it is back."""

    async def ask() -> httpx.Response:
        return await web.post("/api/jobs", json={"task": "diag.noop"}, headers={"Idempotency-Key": "k"})

    async with stopped(servers.redis):
        first, again = await ask(), await ask()
    after = await ask()
    for answer in (again, after):
        assert (answer.status_code, answer.headers["idempotency-replayed"]) == (202, "true")
        assert answer.json()["id"] == first.json()["id"]
    assert len(await database.fetch("SELECT id FROM jobs")) == 1
