"""PostgreSQL goes away: jobs are still accepted, results wait for it, and nothing has to be restarted."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database, Row
from tests.chaos.outages import hung, killed, stopped
from tests.support.conditions import eventually, reaches
from tests.support.history import abandon
from tests.support.processes import worker_process
from tests.support.pulse import beating
from tests.support.servers import Servers
from tests.support.site import PATIENT, end_of, running_worker, submit

# Longer than the web process waits for a connection, with room for the server's own start and stop.
_ANSWERED_S = 5.0
_PATIENCE_S = 2.0  # APP_STORE_PATIENCE_S of the site


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site whose limiter waits for Redis: that is late now and then, and does not hang here."""
    deadline = {name: text for name, text in PATIENT.items() if name == "RATELIMIT_DEADLINE_MS"}
    return {**environ, **deadline, "JOBS_TASKS": "tests.support.tasks:TASKS"}


def assert_unavailable(answer: httpx.Response) -> None:
    """Expect the problem `unavailable`, with a time to come back and nothing of our insides."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["type"] == "unavailable"
    assert "sock" not in answer.text.lower()


async def test_what_needs_it_is_refused(site: httpx.AsyncClient, servers: Servers) -> None:
    """Questions that only PostgreSQL could answer are answered 503; afterwards all goes on as if nothing had been."""
    job = await submit(site, "diag.noop")
    await reaches(site, job["id"], "succeeded")
    async with stopped(servers.postgres):
        began = time.monotonic()
        assert_unavailable(await site.get(f"/api/jobs/{job['id']}"))
        assert_unavailable(await site.get("/api/data-sync/templates"))
        assert time.monotonic() - began < _ANSWERED_S
        alive, ready = await site.get("/healthz"), await site.get("/readyz")
        assert alive.status_code == 200
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["postgresql"])
    assert "postgresql" not in (await site.get("/readyz")).json()["degraded"]
    after = await submit(site, "diag.noop")
    assert (await end_of(site, after["id"]))["state"] == "succeeded"


async def test_what_is_written_down_is_refused(web: httpx.AsyncClient, servers: Servers, database: Database) -> None:
    """Nobody is cancelled, retried or paused without an entry in the audit log, and nothing is changed."""
    waiting, cancelled = [await submit(web, "diag.noop") for _ in range(2)]
    await web.post(f"/api/jobs/{cancelled['id']}/cancel")
    await web.post("/api/queues/scheduled/pause")
    deeds = [f"jobs/{waiting['id']}/cancel", f"jobs/{cancelled['id']}/retry"]
    deeds += ["queues/data_sync/pause", "queues/scheduled/resume"]
    async with stopped(servers.postgres):
        for deed in deeds:
            assert_unavailable(await web.post(f"/api/{deed}"))
        assert_unavailable(await web.get("/api/audit"))
    for job, state in ((waiting, "queued"), (cancelled, "cancelled")):
        seen = (await web.get(f"/api/jobs/{job['id']}")).json()
        assert (seen["state"], seen["run"]) == (state, 1)
    assert [row["queue"] for row in await database.fetch("SELECT queue FROM paused_queues")] == ["scheduled"]
    assert len((await web.get("/api/audit")).json()["items"]) == 2
    for deed in deeds:
        assert (await web.post(f"/api/{deed}")).status_code in {200, 202}
    assert len((await web.get("/api/audit")).json()["items"]) == 2 + len(deeds)


async def test_a_job_that_it_has_not_heard_of_is_cancelled_once_it_has(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str]
) -> None:
    """Until then nobody could keep the wish, and the answer says so; no answer promises what does not come."""
    async with stopped(servers.postgres):
        job = await submit(web, "diag.noop", delay_s=60)
    assert_unavailable(await web.post(f"/api/jobs/{job['id']}/cancel"))
    async with running_worker(environ):

        async def is_cancelled() -> httpx.Response | None:
            answer = await web.post(f"/api/jobs/{job['id']}/cancel")
            return answer if answer.status_code == httpx.codes.OK else None

        answer = await eventually(is_cancelled)
    assert answer.json()["outcome"] == "never_started"
    assert len((await web.get("/api/audit")).json()["items"]) == 1


async def test_a_job_is_accepted_runs_and_gets_its_row_afterwards(
    site: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """The submitter is told that only Redis has the job; it can be read and waited for, and the history has it all."""
    asked = {"priority": 7, "tags": ["a", "b"], "unique_key": "k", "expires_in_s": 60, "max_tries": 2, "timeout_s": 9}
    async with stopped(servers.postgres):
        began = time.monotonic()
        job = await submit(site, "diag.sleep", {"seconds": 0.01}, **asked)
        assert time.monotonic() - began < _ANSWERED_S
        assert job["durability"] == "redis"
        ended = await end_of(site, job["id"])
        assert (ended["state"], ended["result"], ended["durability"]) == ("succeeded", 0.01, "redis")
        assert {name: ended[name] for name in asked if name != "expires_in_s"} == {
            name: job[name] for name in asked if name != "expires_in_s"
        }
    row = await _end_of_row(database, job["id"])
    assert (row["state"], row["tries"], row["result"], row["owner"]) == ("succeeded", 1, 0.01, "admin")
    assert (row["args"], row["tags"], row["priority"]) == ({"seconds": 0.01}, ["a", "b"], 7)
    assert (row["unique_key"], row["max_tries"], row["timeout_s"]) == ("k", 2, 9)
    assert row["expires_at"] - row["accepted_at"] == timedelta(seconds=60)
    assert (await site.get(f"/api/jobs/{job['id']}")).json()["durability"] == "full"


async def test_an_idempotency_key_holds_without_it(
    site: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """What was sent while it was away makes no second job, neither meanwhile nor when it is back."""

    async def ask() -> httpx.Response:
        return await site.post("/api/jobs", json={"task": "diag.noop"}, headers={"Idempotency-Key": "k"})

    async with stopped(servers.postgres):
        first, again = await ask(), await ask()
    row = await _end_of_row(database, first.json()["id"])
    for answer in (again, await ask()):
        assert (answer.status_code, answer.headers["idempotency-replayed"]) == (202, "true")
        assert answer.json() == first.json()
    assert [found["id"] for found in await database.fetch("SELECT id FROM jobs")] == [row["id"]]


async def test_submissions_do_not_wait_long_for_one_that_hangs(
    site: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """Nobody waits longer than APP_STORE_PATIENCE_S says, most not at all; each job runs once and has one row."""
    await submit(site, "diag.noop")  # a connection that hangs in the middle of its use, too
    jobs = []
    async with hung(servers.postgres):
        for _ in range(3):
            began = time.monotonic()
            async with beating() as pulse:
                jobs += await asyncio.gather(*(submit(site, "diag.noop") for _ in range(30)))
            assert time.monotonic() - began < _PATIENCE_S + 1 + pulse.latest_s
    assert {job["durability"] for job in jobs} == {"redis"}
    for job in jobs:
        row = await _end_of_row(database, job["id"])
        assert (row["state"], row["tries"]) == ("succeeded", 1)


async def test_without_redis_too_nothing_is_accepted(
    site: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """503 with a time to come back, no trace of it afterwards, and then jobs are accepted in full again."""
    async with stopped(servers.postgres), stopped(servers.redis):
        assert_unavailable(await site.post("/api/jobs", json={"task": "diag.noop"}))
        ready = await site.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"][:2]) == (503, ["postgresql", "redis"])

    accepted = []

    async def in_full() -> bool:
        accepted.append(await submit(site, "diag.noop"))
        return bool(accepted[-1]["durability"] == "full")

    await eventually(in_full)
    for job in accepted:
        await _end_of_row(database, job["id"])
    assert {row["id"] for row in await database.fetch("SELECT id FROM jobs")} == {job["id"] for job in accepted}


async def test_the_result_of_a_running_job_is_not_lost(site: httpx.AsyncClient, servers: Servers) -> None:
    """A job that ends meanwhile waits for PostgreSQL with its result; it does not run again."""
    job = await submit(site, "diag.sleep", {"seconds": 3.0})
    await reaches(site, job["id"], "running")
    async with stopped(servers.postgres):
        await asyncio.sleep(3.1)  # the job's own time: nothing tells that it has ended
    ended = await reaches(site, job["id"], "succeeded")
    assert (ended["result"], ended["tries"]) == (3.0, 1)


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
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database, tmp_path: Path
) -> None:
    """What it ran runs again when its lease ends; what had ended and it could not write is written by the next one."""
    meanwhile, later = tmp_path / "meanwhile", tmp_path / "later"
    async with worker_process(environ) as worker, Redis.from_url(environ["REDIS_URL"]) as redis:
        over, running = [await submit(web, "test.await_file", {"path": str(path)}) for path in (meanwhile, later)]
        for job in (over, running):
            await _begin_of_row(database, job["id"])  # so its history is at work
        async with stopped(servers.postgres):
            meanwhile.touch()
            await worker.says("job_ended")
            await worker.says("history_awaits_store")
            await worker.kill()
            await abandon(redis, worker.pid)
    later.touch()
    async with worker_process(environ):
        for job in (over, running):
            row = await _end_of_row(database, job["id"])
            assert (row["state"], row["tries"]) == ("succeeded", 1)


async def _begin_of_row(database: Database, job_id: str) -> Row:
    """Wait until PostgreSQL has a job's begin; give its row."""

    async def look() -> Row | None:
        return await database.fetch_row("SELECT * FROM jobs WHERE id = $1 AND started_at IS NOT NULL", job_id)

    return await eventually(look)


async def _end_of_row(database: Database, job_id: str) -> Row:
    """Wait until PostgreSQL has a job's end; give its row."""

    async def look() -> Row | None:
        return await database.fetch_row("SELECT * FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", job_id)

    return await eventually(look)
