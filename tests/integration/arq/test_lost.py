"""Jobs that have lost their workers: how often they may, the function says, and only its worker knows."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job
from arq.worker import JobExecutionFailed

from jobs import keys
from jobs.functions import FunctionExecutor
from jobs.stores.leases import ANY_TASK, Leases
from jobs.stores.redis import connect_redis
from tests.support.arq_functions import add
from tests.support.arq_site import POLL_S, SHORT, SOON_S, Ctx, client_of, field, named, running
from tests.support.conditions import eventually

QUEUE = keys.queue_name("arq:queue")


@pytest.fixture
async def leases(redis_url: str) -> AsyncIterator[Leases]:
    """Give the hands of a worker that is about to die."""
    redis = connect_redis(redis_url, patience_s=5)
    yield Leases(redis, redis, worker="dead", timing=SHORT, tasks=ANY_TASK)
    await redis.aclose(close_connection_pool=True)


async def _lost(client: ArqRedis, leases: Leases, name: str, *, times: int) -> Job:
    """Put a job in line that has lost so many leases."""
    job = await client.enqueue_job(name)
    assert job is not None
    claim = await leases.claim(QUEUE, request="1-0", slots=1, suspects=1, endings=[])
    await leases.hand_back(claim.jobs)
    await client.hset(keys.job(job.job_id), "lost", str(times))  # type: ignore[misc]
    return job


async def test_a_job_that_may_not_be_lost_again_takes_no_slot(redis_url: str, leases: Leases) -> None:
    """It is ended at once, and the one slot is the next job's."""

    async def once(_: Ctx) -> None:
        """Never run."""

    async with client_of(redis_url) as client:
        job = await _lost(client, leases, "once", times=1)
        async with running(redis_url, [named(once, name="once", max_tries=1), add], max_jobs=1):
            with pytest.raises(JobExecutionFailed, match="max_tries is 1"):
                await job.result(timeout=SOON_S, poll_delay=POLL_S)
            following = await client.enqueue_job("add", 1)
            assert following is not None
            assert await following.result(timeout=SOON_S, poll_delay=POLL_S) == 2


async def test_a_job_that_may_be_lost_more_often_runs_under_a_lease(redis_url: str, leases: Leases) -> None:
    """In a slot, as any other."""
    running_now: set[str] = set()
    seen: list[tuple[int, str]] = []

    async with client_of(redis_url) as client:

        async def busy(ctx: Ctx) -> None:
            """Say how many run, and how Redis has this one."""
            running_now.add(ctx["job_id"])
            seen.append((len(running_now), await field(client, ctx["job_id"], "st")))
            await asyncio.sleep(0.1)
            running_now.remove(ctx["job_id"])

        job = await _lost(client, leases, "busy", times=5)
        others = [await client.enqueue_job("busy") for _ in range(3)]
        async with running(redis_url, [named(busy, name="busy", max_tries=10)], max_jobs=1):
            for one in (job, *others):
                assert one is not None
                await one.result(timeout=SOON_S, poll_delay=POLL_S)
    assert seen == [(1, "running")] * 4


async def test_one_that_is_ended_at_once_ends_no_worker_where_that_cannot_be_written(
    redis_url: str, leases: Leases, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever claims it ends it without a record."""

    def ending(*_: object, **__: object) -> None:
        raise RuntimeError("a fault")

    async with client_of(redis_url) as client:
        job = await _lost(client, leases, "add", times=5)
        with monkeypatch.context() as patch:
            patch.setattr(FunctionExecutor, "ending", ending)
            async with running(redis_url, [add], max_jobs=1):

                async def has_left() -> bool:
                    return not await client.exists(keys.PAYLOAD + job.job_id, keys.job(job.job_id))

                await eventually(has_left, within_s=SOON_S)
                patch.undo()
                following = await client.enqueue_job("add", 1)
                assert following is not None
                assert await following.result(timeout=SOON_S, poll_delay=POLL_S) == 2
    assert (caplog.text.count("end_not_written"), caplog.text.count("job_started")) == (1, 1)
