"""PostgreSQL executes an INSERT that was given up long since: nobody was told what then turns out to be untrue."""

import asyncio
from contextlib import suppress
from functools import partial

import httpx

from jobs import keys
from jobs.reconcile import Reconciler
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis
from tests.chaos.outages import hung, stopped
from tests.chaos.workers import hasty_recoverer
from tests.support.both import both_of, is_seen_to, mender_of
from tests.support.conditions import eventually
from tests.support.servers import Servers
from tests.support.site import end_of, running_worker, submit

_JOB = {"task": "diag.noop", "unique_key": "u"}
_AN_HOUR_MS = 3_600_000
_EXECUTED_WITHIN_S = 3.0
_ATTEMPTS = 5


async def test_who_was_told_of_another_job_s_unique_key_has_none(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, database: Database, redis_url: str
) -> None:
    """His own ends without a start, also where its row comes hours later and the other one has ended."""
    holder, job_id = await _holder_and_late_one(web, servers, database)
    async with running_worker(environ):
        assert (await end_of(web, holder))["state"] == "succeeded"
    redis = connect_redis(redis_url, patience_s=1)
    both = both_of(database, redis, patience_s=1)
    reconciler = Reconciler(both, mender=mender_of(both), queues=["data_sync"], age_s=0)

    async def is_over() -> bool:
        if not await is_seen_to(redis):
            return False
        await reconciler.look()
        job = await both.jobs.get(job_id)
        assert job is not None
        return (job.state, job.tries) == ("cancelled", 0)

    try:
        assert await redis.pttl(keys.done(job_id)) > _AN_HOUR_MS
        async with hasty_recoverer(environ, database), running_worker(environ):
            await eventually(is_over)
    finally:
        await redis.aclose(close_connection_pool=True)


async def test_a_503_does_not_say_that_nothing_was_changed(
    web: httpx.AsyncClient, servers: Servers, database: Database
) -> None:
    """The job is accepted after all, as soon as PostgreSQL goes on. Who only reads is told nothing of it."""
    await submit(web, "diag.noop")
    async with stopped(servers.redis), hung(servers.postgres):
        answer, read = await web.post("/api/jobs", json={"task": "diag.noop"}), await web.get("/api/batches")
    assert (answer.status_code, read.status_code) == (503, 503)
    assert "may have been done all the same" in answer.json()["detail"]
    assert read.json()["detail"] == "try again soon"

    async def is_there() -> bool:
        return len(await database.fetch("SELECT FROM jobs")) == 2

    await eventually(is_there)


async def _holder_and_late_one(web: httpx.AsyncClient, servers: Servers, database: Database) -> tuple[str, str]:
    """Give two jobs of one name; the second was refused, and PostgreSQL, which was asked to store both, does so late.

    Where they went in two groups there was no connection for one of them, which was never stored: then two others.
    """
    for number in range(_ATTEMPTS):
        await submit(web, "diag.noop")  # so that there is a connection over which it can be asked
        job = {**_JOB, "unique_key": f"u{number}"}
        async with hung(servers.postgres):
            answers = await asyncio.gather(*(web.post("/api/jobs", json=job) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 202]
        (holder,) = {answer.json()["id"] for answer in answers}
        late = partial(_other_of, database, job["unique_key"], holder)
        with suppress(AssertionError):
            return holder, await eventually(late, within_s=_EXECUTED_WITHIN_S)
    raise AssertionError("the two never went in one group")


async def _other_of(database: Database, unique_key: str, job_id: str) -> str | None:
    rows = await database.fetch("SELECT id FROM jobs WHERE unique_key = $1 AND id <> $2", unique_key, job_id)
    return rows[0]["id"] if rows else None
