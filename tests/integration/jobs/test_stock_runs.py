"""Our tasks under a stock arq worker: each kind of function, failures, tries, time limits, cancelling, expiry."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.constants import health_check_key_suffix
from arq.jobs import Job, JobStatus
from arq.worker import JobExecutionFailed

from jobs import codec, keys
from jobs.reconcile import Reconciler
from jobs.stores.database import Database, Row
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Cancelled
from tests.support.bed import QUEUE, Bed, Wanted, bed_of, sleeping
from tests.support.both import both_of, mender_of, see_to_redis, write_history
from tests.support.conditions import eventually
from tests.support.processes import Running, started
from tests.support.stock import ARQ, SETTINGS, stock_client, stock_worker


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed that knows the tests' own tasks."""
    async with bed_of({**environ, "JOBS_TASKS": "tests.support.tasks:TASKS"}, database) as bed:
        yield bed


@pytest.fixture
async def stock(bed: Bed) -> AsyncIterator[Running]:
    """Run a stock worker."""
    async with stock_worker(bed.environ, slots=4) as worker:
        yield worker


@pytest.fixture
async def client(bed: Bed, stock: Running) -> AsyncIterator[ArqRedis]:
    """Give a stock client, beside a stock worker."""
    assert stock.runs
    async with stock_client(bed.environ["REDIS_URL"]) as client:
        yield client


def _job(client: ArqRedis, job_id: str) -> Job:
    return Job(job_id, client, _queue_name=keys.queue(QUEUE), _deserializer=codec.loads)


async def _result(client: ArqRedis, job_id: str) -> Any:  # noqa: ANN401  a task's
    return await _job(client, job_id).result(timeout=20, poll_delay=0.02)


async def _error(client: ArqRedis, job_id: str) -> str:
    with pytest.raises(JobExecutionFailed) as raised:
        await _result(client, job_id)
    return str(raised.value)


async def _reconcile(bed: Bed) -> dict[str, Row]:
    """Do what a steward does; give the rows."""
    both = both_of(bed.database, bed.redis)
    await write_history(both)
    await see_to_redis(bed.database, bed.redis)
    await Reconciler(both, mender=mender_of(both), queues=[QUEUE], age_s=0).look()
    await write_history(both)
    return {row["id"]: row for row in await bed.database.fetch("SELECT * FROM jobs")}


async def test_functions_of_each_kind_run(bed: Bed, client: ArqRedis) -> None:
    """In the loop, in a child process and in a thread; async ones know their job, and tell how far they are."""
    progress, cpu, thread, who = await bed.submit(
        [
            Wanted(task="diag.progress", args={"steps": 3, "seconds": 0.1}),
            Wanted(task="diag.cpu", args={"seconds": 0.01}),
            Wanted(task="test.thread_name"),
            Wanted(task="test.who", owner="ann", priority=7, max_tries=3),
        ]
    )
    assert await _result(client, progress) == 3
    assert await _result(client, cpu) > 0
    assert await _result(client, thread) == "task thread_name"
    *told, fence = await _result(client, who)
    assert told == ["ann", 7, 1, 3, 1]
    rows = await _reconcile(bed)
    assert {row["state"] for row in rows.values()} == {"succeeded"}
    assert rows[progress]["progress"] == {"done": 3, "total": 3, "message": "done"}
    assert rows[who]["fence"] == fence > 0
    left_s = [await bed.redis.ttl(keys.result(job)) for job in rows]
    assert min(left_s) > 86_000  # long enough for ours to come and write it down


async def test_failures_are_judged_as_ever(bed: Bed, client: ArqRedis) -> None:
    """By the task's policy, the job's number of tries, its time limit or its task's; the history has the reason."""
    wrong = Wanted(task="diag.fail", args={"message": "no", "times": 2})
    mended, exhausted, hopeless, slow, slower = await bed.submit(
        [
            wrong,
            replace(wrong, max_tries=2),
            Wanted(task="test.give_up"),
            sleeping(30.0, timeout_s=0.2),
            Wanted(task="test.linger", timeout_s=30.0),
        ]
    )
    assert await _result(client, mended) == 3
    assert await _error(client, exhausted) == "DiagnosticError: no"
    assert await _error(client, hopeless) == "JobFailedError: there is no such shop"
    assert (await _error(client, slow)).startswith("JobTimeoutError: stopped after 0.2 s")
    assert (await _error(client, slower)).startswith("JobTimeoutError: stopped after 0.3 s")
    rows = await _reconcile(bed)
    ends = {job: (row["state"], row["tries"]) for job, row in rows.items()}
    assert ends.pop(mended) == ("succeeded", 3)
    assert ends == {job: ("failed", 2 if job == exhausted else 1) for job in (exhausted, hopeless, slow, slower)}
    assert rows[exhausted]["error"]["message"] == "DiagnosticError: no"


async def test_a_worker_that_dies_uses_up_tries(bed: Bed) -> None:
    """Which arq notices when the time limit of its tasks is over; more tries than the job may have are none."""
    (job,) = await bed.submit([Wanted(max_tries=2)])
    await bed.redis.set(keys.RETRY + job, 2)
    async with stock_worker(bed.environ, slots=1), stock_client(bed.environ["REDIS_URL"]) as client:
        assert await _error(client, job) == "JobFailedError: max 2 retries exceeded"
    row = (await _reconcile(bed))[job]
    assert (row["state"], row["tries"]) == ("failed", 3)


async def test_stock_clients_and_ours_may_abort(bed: Bed, stock: Running, client: ArqRedis) -> None:
    """What runs is stopped, by both alike; what waits never starts."""
    by_theirs, by_ours = await bed.submit([sleeping(60.0)] * 2)
    later = await bed.submit([Wanted(delay_s=900)])
    await bed.trail.until_running([by_theirs, by_ours], within_s=10)
    assert await _job(client, by_theirs).status() is JobStatus.in_progress
    assert await _job(client, by_theirs).abort(timeout=10, poll_delay=0.02)
    job = await JobStore(bed.database).get(by_ours)
    assert job is not None
    assert await bed.queue.cancel([job]) == [Cancelled.ASKED]
    with pytest.raises(asyncio.CancelledError):
        await _result(client, by_ours)
    # arq puts a deferred job in line first and asks for its end then: the worker may not look in between.
    stock.send(signal.SIGSTOP)
    abort = asyncio.create_task(_job(client, later[0]).abort(timeout=20, poll_delay=0.02))

    async def is_asked_for() -> bool:
        return await bed.redis.zscore(keys.ABORT, later[0]) is not None

    await eventually(is_asked_for)
    stock.send(signal.SIGCONT)
    assert await abort
    rows = await _reconcile(bed)
    assert {row["state"] for row in rows.values()} == {"cancelled"}
    assert bed.trail.claims_of(later[0]) == []
    assert not await bed.redis.exists(keys.ABORT)


async def test_what_was_cancelled_or_has_expired_does_not_start(bed: Bed) -> None:
    """The wish came while a Switchyard worker ran the job, which died; the other waited for too long."""
    cancelled, expired = await bed.submit([Wanted(), Wanted()])
    await bed.redis.hset(keys.job(cancelled), "cx", "1")  # type: ignore[misc]
    await bed.redis.hset(keys.job(expired), "x", "1:")  # type: ignore[misc]
    async with stock_worker(bed.environ, slots=1), stock_client(bed.environ["REDIS_URL"]) as client:
        with pytest.raises(asyncio.CancelledError):
            await _result(client, cancelled)
        assert await _error(client, expired) == "JobExpiredError: it had not started when it expired"
    rows = await _reconcile(bed)
    assert (rows[cancelled]["state"], rows[expired]["state"]) == ("cancelled", "expired")
    await bed.trail.catch_up()
    assert bed.trail.claims == []


async def test_a_stock_clients_job_runs(bed: Bed, client: ArqRedis) -> None:
    """As it would under ours: with the task's own limits, for the owner `arq`."""
    job = await client.enqueue_job("test.who")
    assert job is not None
    *told, fence = await job.result(timeout=10, poll_delay=0.02)
    assert told[:4] == ["arq", 5, 1, 5]
    assert fence > 0
    assert await bed.redis.keys(f"*{job.job_id}*") == [keys.result(job.job_id).encode()]


async def test_arq_check_tells_whether_a_worker_lives(bed: Bed, stock: Running) -> None:
    """Its status is 0 while one does, and 1 once it has stopped."""

    async def has_told() -> bool:
        return bool(await bed.redis.exists(f"{keys.queue(QUEUE)}{health_check_key_suffix}"))

    await eventually(has_told)
    assert await _check(bed) == 0
    stock.send(signal.SIGTERM)
    assert await stock.ends(within_s=20) == 0
    assert await _check(bed) == 1


async def _check(bed: Bed) -> int:
    async with started((*ARQ, "--check", SETTINGS), bed.environ) as check:
        return await check.ends(within_s=20)


async def test_a_queue_that_there_is_not_has_no_class(bed: Bed) -> None:
    """Those that there are are named."""
    async with started((*ARQ, "jobs.stock.Nothing"), bed.environ) as worker:
        assert await worker.ends(within_s=20) == 1
    assert "the classes are DataSync, DataProcessing, Scheduled" in "\n".join(worker.lines)


async def test_a_redis_that_would_lose_jobs_is_refused(bed: Bed) -> None:
    """As by ours: before anything is taken."""
    (job,) = await bed.submit([Wanted()])
    await bed.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        async with started((*ARQ, SETTINGS), bed.environ) as worker:
            assert await worker.ends(within_s=20) == 1
    finally:
        await bed.redis.config_set("maxmemory-policy", "noeviction")
    assert "UnfitRedisError" in worker.lines[-1]
    assert await bed.redis.exists(keys.PAYLOAD + job) == 1


async def test_what_runs_is_waited_for_at_a_stop(bed: Bed) -> None:
    """As long as JOBS_DRAIN_S says."""
    (job,) = await bed.submit([sleeping(1.0)])
    async with stock_worker(bed.environ, slots=1, JOBS_DRAIN_S="20") as stock:
        await bed.trail.until_running([job], on=stock.pid, within_s=10)
        stock.send(signal.SIGTERM)
        assert await stock.ends(within_s=20) == 0

    async def has_ended() -> bool:
        return bool(await bed.redis.exists(keys.result(job)))

    await eventually(has_ended, within_s=1)
