"""What arq's documentation says of jobs: functions, their context, arguments, times, names, results and ends."""

import asyncio
import pickle
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.jobs import JobStatus, ResultNotFound
from arq.worker import JobExecutionFailed

from tests.support.arq_functions import add, break_down, wait
from tests.support.arq_site import POLL_S, SOON_S, Ctx, burst, client_of, named, running, until_running
from tests.support.conditions import eventually
from tests.support.pulse import beating


async def tell(ctx: Ctx) -> dict[str, Any]:
    """Tell the context, as far as it has a form."""
    return {name: ctx[name] for name in ("job_id", "job_try", "enqueue_time", "score", "own")}


async def spread(ctx: Ctx) -> str:
    """Enqueue another job from within."""
    redis: ArqRedis = ctx["redis"]
    job = await redis.enqueue_job("add", 20, right=22)
    assert job is not None
    return job.job_id


async def test_a_function_runs_with_its_arguments(redis_url: str) -> None:
    """By place and by name; the result comes back, with all that arq tells of it."""
    async with client_of(redis_url) as client, running(redis_url, [add]):
        job = await client.enqueue_job("add", 40, right=2)
        assert job is not None
        assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 42
        told = await job.result_info()
        assert told is not None
        assert (told.function, list(told.args), told.kwargs, told.job_try, told.success) == (
            "add",
            [40],
            {"right": 2},
            1,
            True,
        )
        assert (told.queue_name, told.job_id, told.result) == ("arq:queue", job.job_id, 42)
        assert told.enqueue_time <= told.start_time <= told.finish_time
        assert await job.status() is JobStatus.complete
        assert [one.result for one in await client.all_job_results()] == [42]


async def test_the_context_says_what_runs(redis_url: str) -> None:
    """Beside what the worker was given."""
    async with client_of(redis_url) as client, running(redis_url, [tell], ctx={"own": "thing"}):
        before = datetime.now(UTC) - timedelta(seconds=1)
        job = await client.enqueue_job("tell", _job_id="mine")
        assert job is not None
        told = await job.result(timeout=SOON_S, poll_delay=POLL_S)
    assert (told["job_id"], told["job_try"], told["own"]) == ("mine", 1, "thing")
    enqueued = datetime.fromisoformat(told["enqueue_time"])
    assert before < enqueued <= datetime.now(UTC)
    assert abs(told["score"] / 1000 - enqueued.timestamp()) < 1


async def test_jobs_enqueue_jobs(redis_url: str) -> None:
    """By the client that the context holds, in the worker's own queue."""
    async with (
        client_of(redis_url, queue="my:queue") as client,
        running(redis_url, [add, spread], queue_name="my:queue"),
    ):
        job = await client.enqueue_job("spread")
        assert job is not None
        inner = await job.result(timeout=SOON_S, poll_delay=POLL_S)

        async def is_there() -> bool:
            return any(one.job_id == inner for one in await client.all_job_results())

        await eventually(is_there, within_s=SOON_S)
        assert {one.result for one in await client.all_job_results()} == {inner, 42}


async def test_jobs_can_be_deferred(redis_url: str) -> None:
    """By a while or until a time; they start when they are due, not before."""
    async with client_of(redis_url) as client, running(redis_url, [tell], ctx={"own": 1}), beating() as pulse:
        now = datetime.now(UTC)
        due = now + timedelta(seconds=0.6)
        until = await client.enqueue_job("tell", _defer_until=due)
        later = [
            await client.enqueue_job("tell", _defer_by=60),
            await client.enqueue_job("tell", _defer_until=now + timedelta(seconds=60)),
        ]
        assert until is not None
        await until.result(timeout=SOON_S, poll_delay=POLL_S)
        told = await until.result_info()
        assert told is not None
        late = timedelta(seconds=2 + pulse.latest_s)
        assert due - timedelta(milliseconds=2) <= told.start_time < due + late
        for job in later:
            assert job is not None
            assert await job.status() is JobStatus.deferred


async def test_a_job_that_is_there_is_not_enqueued_again(redis_url: str) -> None:
    """While it waits, runs, or its result is kept."""
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("add", 1, _job_id="one")
        assert job is not None
        assert await job.status() is JobStatus.queued
        assert await client.enqueue_job("add", 2, _job_id="one") is None
        assert [one.function for one in await client.queued_jobs()] == ["add"]
        async with running(redis_url, [add]):
            assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 2
        assert await client.enqueue_job("add", 2, _job_id="one") is None


async def test_a_name_can_be_used_again_once_nothing_is_kept(redis_url: str) -> None:
    """With keep_result=0 no result is there to wait for."""
    async with client_of(redis_url) as client, running(redis_url, [named(add, name="sum", keep_result=0)]) as worker:
        for count in (1, 2):
            job = await client.enqueue_job("sum", count, _job_id="again")
            assert job is not None

            async def has_run(count: int = count) -> bool:
                return worker.jobs_complete == count and not await client.exists("arq:job:again")

            await eventually(has_run, within_s=SOON_S)
            with pytest.raises(ResultNotFound):
                await job.result(timeout=1)


async def test_results_are_kept_as_long_as_is_said(redis_url: str) -> None:
    """By the function, else by the worker; for ever where that is wanted."""
    functions = [named(add, name="short", keep_result=70), named(add, name="long", keep_result_forever=True), add]
    async with client_of(redis_url) as client, running(redis_url, functions, keep_result=timedelta(minutes=2)):
        kept = {}
        for name in ("short", "long", "add"):
            job = await client.enqueue_job(name, 1)
            assert job is not None
            await job.result(timeout=SOON_S, poll_delay=POLL_S)
            kept[name] = await client.ttl(f"arq:result:{job.job_id}")
    assert 60 < kept["short"] <= 70
    assert kept["long"] == -1
    assert 110 <= kept["add"] <= 120


async def test_an_error_comes_back_as_an_error(redis_url: str) -> None:
    """It is not tried again: functions ask for that."""
    async with client_of(redis_url) as client, running(redis_url, [break_down]) as worker:
        job = await client.enqueue_job("break_down")
        assert job is not None
        with pytest.raises(JobExecutionFailed, match="ValueError: broken"):
            await job.result(timeout=SOON_S, poll_delay=POLL_S)
        told = await job.result_info()
        assert told is not None
        assert (told.success, told.job_try) == (False, 1)
        assert (worker.jobs_failed, worker.jobs_complete, worker.jobs_retried) == (1, 0, 0)


async def test_a_function_that_exits_has_failed(redis_url: str) -> None:
    """It does not end the worker, as it would arq's; the next job runs."""

    async def quit_it(_: Ctx) -> None:
        sys.exit("enough")

    async with client_of(redis_url) as client, running(redis_url, [named(quit_it, name="quit"), add]):
        gone, next_one = await client.enqueue_job("quit"), await client.enqueue_job("add", 1)
        assert gone is not None
        assert next_one is not None
        with pytest.raises(JobExecutionFailed, match=r"UnexpectedExitError: SystemExit\('enough'\)"):
            await gone.result(timeout=SOON_S, poll_delay=POLL_S)
        assert await next_one.result(timeout=SOON_S, poll_delay=POLL_S) == 2


async def test_a_job_is_stopped_at_its_timeout(redis_url: str) -> None:
    """The function's own, else the worker's."""
    functions = [named(wait, name="own", timeout=0.1), wait]
    async with client_of(redis_url) as client, running(redis_url, functions, job_timeout=0.2):
        for name, limit in (("own", "0.1"), ("wait", "0.2")):
            job = await client.enqueue_job(name)
            assert job is not None
            with pytest.raises(JobExecutionFailed, match=f"TimeoutError: stopped after {limit} s"):
                await job.result(timeout=SOON_S, poll_delay=POLL_S)


async def test_a_job_may_outlast_what_the_queue_takes_for_the_longest(redis_url: str) -> None:
    """A stock client's job has the limit of its function here, not the queue's default; none is none."""
    async with client_of(redis_url) as client, running(redis_url, [wait], job_timeout=None) as worker:
        job = await client.enqueue_job("wait", 0.5)
        assert job is not None
        await job.result(timeout=SOON_S, poll_delay=POLL_S)
    assert worker.jobs_complete == 1


async def test_a_job_that_has_not_started_in_time_expires(redis_url: str) -> None:
    """Whether a worker has seen it before or not; the client is told."""
    async with client_of(redis_url) as client:
        unseen = await client.enqueue_job("add", 1, _expires=0.05)
        assert unseen is not None

        async def is_gone() -> bool:
            return not await client.exists(f"arq:job:{unseen.job_id}")

        await eventually(is_gone, within_s=SOON_S)
        begun, over = asyncio.Event(), asyncio.Event()

        async def block(_: Ctx) -> None:
            begun.set()
            await over.wait()

        async with running(redis_url, [add, named(block, name="block")], max_jobs=1) as worker:
            with pytest.raises(JobExecutionFailed, match="job expired"):
                await unseen.result(timeout=SOON_S, poll_delay=POLL_S)
            blocking = await client.enqueue_job("block")
            assert blocking is not None
            await begun.wait()
            seen = await client.enqueue_job("add", 1, _expires=0.3)
            assert seen is not None
            with pytest.raises(JobExecutionFailed, match="expired"):
                await seen.result(timeout=SOON_S, poll_delay=POLL_S)
            over.set()
            await blocking.result(timeout=SOON_S, poll_delay=POLL_S)
        assert worker.jobs_complete == 1


async def test_as_many_run_as_may(redis_url: str) -> None:
    """Up to max_jobs at once."""
    running_now: list[int] = []
    most = 0

    async def crowd(_: Ctx) -> None:
        nonlocal most
        running_now.append(1)
        most = max(most, len(running_now))
        await asyncio.sleep(0.05)
        running_now.pop()

    async with client_of(redis_url) as client:
        for _ in range(12):
            await client.enqueue_job("crowd")
        await burst(redis_url, [named(crowd, name="crowd")], max_jobs=3)
    assert most == 3


async def test_a_running_job_can_be_aborted(redis_url: str) -> None:
    """Also one that waits or is deferred; the answer says whether that has stopped it."""
    async with client_of(redis_url) as client, running(redis_url, [wait, add], max_jobs=1) as worker:
        runs = await client.enqueue_job("wait")
        assert runs is not None
        await until_running(runs)
        waits, deferred = await client.enqueue_job("wait"), await client.enqueue_job("add", 1, _defer_by=60)
        assert waits is not None
        assert deferred is not None
        for job in (deferred, waits, runs):
            assert await job.abort(timeout=SOON_S, poll_delay=POLL_S)
        done = await client.enqueue_job("add", 1)
        assert done is not None
        await done.result(timeout=SOON_S, poll_delay=POLL_S)
        assert not await done.abort(timeout=SOON_S, poll_delay=POLL_S)
        assert await client.zcard("arq:queue") == 0
    assert worker.jobs_complete == 1


async def test_a_codec_can_be_chosen(redis_url: str) -> None:
    """Client and worker agree on one; results and errors travel in it, and arguments too."""
    codec: dict[str, Any] = {"job_serializer": pickle.dumps, "job_deserializer": pickle.loads}
    async with client_of(redis_url, **codec) as client, running(redis_url, [add, break_down], **codec):
        good = await client.enqueue_job("add", 1, right=2)
        bad = await client.enqueue_job("break_down")
        assert good is not None
        assert bad is not None
        assert await good.result(timeout=SOON_S, poll_delay=POLL_S) == 3
        with pytest.raises(ValueError, match="broken"):
            await bad.result(timeout=SOON_S, poll_delay=POLL_S)


async def test_a_result_without_a_form_is_a_failure(redis_url: str) -> None:
    """The job has run; its client is told that the result cannot be had."""

    async def odd(_: Ctx) -> object:
        return object()

    async with client_of(redis_url) as client, running(redis_url, [named(odd, name="odd")]):
        job = await client.enqueue_job("odd")
        assert job is not None
        with pytest.raises(JobExecutionFailed, match="not JSON serializable"):
            await job.result(timeout=SOON_S, poll_delay=POLL_S)
