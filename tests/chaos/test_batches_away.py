"""Batches while a store is away, or has lost everything."""

import httpx
from redis.asyncio import Redis

from app.keys import TRAFFIC
from jobs import keys
from jobs.stores.database import Database
from ratelimit.keys import BUCKETS
from tests.chaos.outages import stopped
from tests.chaos.workers import hasty_recoverer
from tests.support.batches import Jobs, end_of_batch, noops, submit_batch
from tests.support.bed import NOTE_ENDS
from tests.support.conditions import eventually, reaches
from tests.support.servers import Servers
from tests.support.site import quotas, running_web, running_worker

# What web processes share about limits, and count of answers each second; no batch leaves it there.
_OF_REQUESTS = tuple(prefix.encode() for prefix in ("switchyard:rate:", BUCKETS, keys.LIMITS, keys.PLACES, TRAFFIC))


async def test_without_redis_a_batch_is_accepted_and_runs_later(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """All of it is in PostgreSQL; it is put in line when Redis is back, ends, and is followed."""
    async with stopped(servers.redis):
        batch = await submit_batch(web, noops(450), on_complete={"task": "diag.noop"})
        assert batch["counts"] == {"accepted": 450}
        assert (await web.get(f"/api/batches/{batch['id']}")).json() == batch
    async with hasty_recoverer(environ, database), running_worker(environ):
        assert (await end_of_batch(web, batch["id"], within_s=40))["counts"] == {"succeeded": 450}
        await reaches(web, batch["on_complete_job_id"], "succeeded")


async def test_the_quota_holds_without_redis(environ: dict[str, str], servers: Servers, database: Database) -> None:
    """PostgreSQL counts meanwhile, and what is free is named."""
    async with running_web({**environ, **quotas(waiting=10)}) as web, stopped(servers.redis):
        await submit_batch(web, noops(4))
        refused = await web.post("/api/batches", json={"jobs": noops(7)})
        assert (refused.status_code, refused.json()["type"]) == (429, "waiting-quota")
        assert "6 are free" in refused.json()["detail"]
        await submit_batch(web, noops(6))
    assert len(await database.fetch("SELECT FROM jobs")) == 10


async def test_a_batch_is_cancelled_though_redis_hears_of_it_later(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """The wish is stored; none of its jobs starts."""
    batch = await submit_batch(web, noops(300), on_complete={"task": "diag.noop"})
    async with stopped(servers.redis):
        answer = await web.post(f"/api/batches/{batch['id']}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "running")
    async with hasty_recoverer(environ, database):

        async def none_waits() -> bool:
            async with Redis.from_url(environ["REDIS_URL"]) as redis:
                return not await redis.zcard("arq:queue:data_sync")

        await eventually(none_waits, within_s=20)
        async with running_worker(environ):
            assert (await end_of_batch(web, batch["id"]))["counts"] == {"cancelled": 300}
            await reaches(web, batch["on_complete_job_id"], "succeeded")
    assert await database.fetch("SELECT FROM jobs WHERE started_at IS NOT NULL AND state = 'cancelled'") == []


async def test_without_postgresql_no_batch_is_accepted(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str], database: Database
) -> None:
    """503 with a time to come back: it alone can take all of a batch or none. Nothing is left, no place is taken."""
    async with stopped(servers.postgres), Redis.from_url(environ["REDIS_URL"]) as redis:
        answer = await web.post("/api/batches", json={"jobs": noops(5)})
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert {key for key in await redis.keys("*") if not key.startswith(_OF_REQUESTS)} == set()
    assert await database.fetch("SELECT FROM jobs") == []
    await submit_batch(web, noops(5))


async def test_a_redis_that_loses_everything_costs_no_batch_its_end(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """In the middle of its jobs: all of them end, each once, and so does what follows."""
    await database.execute(NOTE_ENDS)
    async with running_worker(environ), Redis.from_url(environ["REDIS_URL"]) as redis:
        jobs: Jobs = [{"task": "diag.sleep", "args": {"seconds": 0.05}} for _ in range(200)]
        batch = await submit_batch(web, jobs, on_complete={"task": "diag.noop"})

        async def some_have_ended() -> bool:
            return len(await database.fetch("SELECT FROM ends")) > 20

        await eventually(some_have_ended)
        await redis.flushall()
        ended = await end_of_batch(web, batch["id"], within_s=60)
        assert (ended["state"], ended["counts"]) == ("succeeded", {"succeeded": 200})
        await reaches(web, batch["on_complete_job_id"], "succeeded", within_s=20)
    rows = await database.fetch("SELECT job_id FROM ends")
    assert len({row["job_id"] for row in rows}) == len(rows) == 201
