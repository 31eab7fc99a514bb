"""What arq's documentation says of workers that end by themselves, and of jobs that start by the clock."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from arq.worker import FailedJobs

from jobs import codec
from jobs.stores.leases import Claim, Leases
from tests.support.arq_functions import add, break_down, insist, wait
from tests.support.arq_site import SOON_S, Ctx, burst, client_of, planned, running, worker_of
from tests.support.conditions import eventually


async def test_a_burst_ends_when_all_is_done(redis_url: str) -> None:
    """Also what is deferred or tried again."""
    async with client_of(redis_url) as client:
        await client.enqueue_job("add", 1)
        await client.enqueue_job("insist", 2, 0.2)
        await client.enqueue_job("add", 1, _defer_by=0.3)
        worker = await burst(redis_url, [add, insist])
        assert (worker.jobs_complete, worker.jobs_retried, await client.zcard("arq:queue")) == (3, 1, 0)


async def test_a_burst_of_an_empty_queue_ends_at_once(redis_url: str) -> None:
    """There is nothing to wait for."""
    assert (await burst(redis_url, [add])).jobs_complete == 0


async def test_a_burst_may_be_bounded(redis_url: str) -> None:
    """By the number of jobs that are started."""
    async with client_of(redis_url) as client:
        for number in range(7):
            await client.enqueue_job("add", number)
        worker = await burst(redis_url, [add], max_burst_jobs=4)
        assert (worker.jobs_complete, await client.zcard("arq:queue")) == (4, 3)


async def test_a_bounded_burst_waits_for_what_its_claims_give(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long Redis takes: all that it may start was asked for then, and nothing runs yet."""
    claim = Leases.claim

    async def claim_late(self: Leases, queue: str, **more: Any) -> Claim:  # noqa: ANN401  a claim's
        for _ in range(100):  # turns of the event loop, in each of which the worker looks whether all is done
            await asyncio.sleep(0)
        return await claim(self, queue, **more)

    monkeypatch.setattr("jobs.worker._LOOK_S", 0.0)
    monkeypatch.setattr(Leases, "claim", claim_late)
    async with client_of(redis_url) as client:
        await client.enqueue_job("add", 1)
        worker = await burst(redis_url, [add], max_burst_jobs=1)
    assert worker.jobs_complete == 1


async def test_a_check_counts_jobs_and_raises_for_those_that_failed(redis_url: str) -> None:
    """As tests of arq's users do."""
    async with client_of(redis_url) as client:
        await client.enqueue_job("add", 1)
        await client.enqueue_job("add", 2)
        worker = worker_of(redis_url, [add, break_down], burst=True)
        assert await worker.run_check() == 2
        await client.enqueue_job("break_down")
        with pytest.raises(FailedJobs, match=r"1 job failed.*ValueError: broken"):
            await worker.run_check()
        await worker.close()


async def test_cron_jobs_run_when_they_are_due(redis_url: str) -> None:
    """Once each time, whatever the number of workers; `run_at_startup` also runs one at once."""
    heard: list[str] = []

    async def each_second(ctx: Ctx) -> None:
        heard.append(ctx["job_id"])

    every_second = set(range(60))
    crons = {"cron_jobs": lambda: [planned(each_second, name="each", second=every_second, microsecond=0)]}
    async with (
        running(redis_url, [], cron_jobs=crons["cron_jobs"]()) as one,
        running(redis_url, [], cron_jobs=crons["cron_jobs"]()) as two,
    ):

        async def have_run() -> bool:
            return len(heard) >= 3

        await eventually(have_run, within_s=SOON_S)
    assert len(set(heard)) == len(heard) == one.jobs_complete + two.jobs_complete
    assert all(name.startswith("each:") and name.endswith("000") for name in heard)

    at_start = planned(each_second, name="start", month=1, day=1, hour=3, run_at_startup=True)
    async with running(redis_url, [], cron_jobs=[at_start]):

        async def has_started() -> bool:
            return any(name.startswith("start:") for name in heard)

        await eventually(has_started, within_s=SOON_S)


async def test_a_cron_job_can_have_one_name_for_all_times(redis_url: str) -> None:
    """It is not enqueued again while its last run waits."""
    async with client_of(redis_url) as client:
        await client.enqueue_job("cron:wait", _job_id="only", _defer_by=60)
        job = planned(wait, second=set(range(60)), job_id="only")
        async with running(redis_url, [], cron_jobs=[job]) as worker:

            async def is_planned() -> bool:
                return job.next_run is not None and job.next_run.timestamp() > datetime.now(UTC).timestamp() + 0.5

            await eventually(is_planned, within_s=SOON_S)
            assert await client.zcard("arq:queue") == 1
            assert worker.jobs_complete == 0


async def test_a_cron_job_that_cannot_be_put_in_line_ends_no_heart_beat(redis_url: str) -> None:
    """The fault is in the log; the next time that it is due it runs."""
    faults, runs = [TypeError("no JSON")], asyncio.Event()

    async def each_second(_: Ctx) -> None:
        runs.set()

    def dumps(value: Any) -> bytes:  # noqa: ANN401  arq's
        if faults:
            raise faults.pop()
        return codec.dumps(value)

    job = planned(each_second, name="each", second=set(range(60)), microsecond=0)
    async with running(redis_url, [], cron_jobs=[job], job_serializer=dumps, job_deserializer=codec.loads):
        await asyncio.wait_for(runs.wait(), SOON_S)
