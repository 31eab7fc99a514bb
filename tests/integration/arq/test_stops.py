"""Workers that are told to stop, and what they still hold then."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from signal import Signals
from typing import Any

import pytest
from arq.connections import ArqRedis

from jobs import keys
from jobs.runs import Runs
from jobs.stores.leases import Answer, Claim, Claimed, Ending, Leases, Renewals, Timing
from jobs.worker import Worker
from tests.support.arq_functions import wait
from tests.support.arq_site import SOON_S, Ctx, client_of, field, named, until_running, worker_of
from tests.support.conditions import eventually

LONG = Timing(lease_ms=15_000, renew_ms=5_000, step_ms=600_000)


@asynccontextmanager
async def _until_stopped(worker: Worker) -> AsyncIterator[None]:
    """Run a worker, which the test stops; close it, once it has stopped."""
    task = asyncio.create_task(worker.async_run())
    try:
        yield
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, SOON_S)
    finally:
        await worker.close()


async def test_what_a_claim_gives_once_all_were_stopped_is_handed_back(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not begun, no try of it is used, and the next worker need not wait for its lease."""
    given, stopped = asyncio.Event(), asyncio.Event()
    tries: list[int] = []
    claim, stop_all = Leases.claim, Runs.stop_all

    async def claim_late(self: Leases, queue: str, **more: Any) -> Claim:  # noqa: ANN401  a claim's
        claimed = await claim(self, queue, **more)
        if claimed.jobs:
            given.set()
            await stopped.wait()
        return claimed

    def stop_and_tell(self: Runs) -> None:
        stop_all(self)
        stopped.set()

    async def note(ctx: Ctx) -> None:
        tries.append(ctx["job_try"])

    monkeypatch.setattr(Leases, "claim", claim_late)
    monkeypatch.setattr(Runs, "stop_all", stop_and_tell)
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("note")
        assert job is not None
        worker = worker_of(redis_url, [named(note, name="note")])
        async with _until_stopped(worker):
            await given.wait()
            worker.handle_sig(Signals.SIGTERM)
        told = [await field(client, job.job_id, name) for name in ("st", "try", "lost")]
    assert (told, tries) == (["queued", "0", "0"], [])


@asynccontextmanager
async def _ended_unknown(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, **options: object
) -> AsyncIterator[tuple[ArqRedis, Worker, dict[bytes, bytes]]]:
    """Run a worker whose job `j` has ended while Redis knew nothing of it; give what Redis has lost."""
    monkeypatch.setattr("jobs.stores.leases._FRESH_S", 0.0)
    going_on = asyncio.Event()

    async def work(_: Ctx) -> int:
        await going_on.wait()
        return 42

    async with client_of(url) as client:
        worker = worker_of(url, [named(work, name="work")], timing=LONG, **options)
        async with _until_stopped(worker):
            job = await client.enqueue_job("work", _job_id="j")
            assert job is not None
            await until_running(job)
            lost = {key: await client.dump(key) for key in await client.keys("*")}
            await client.flushdb()
            going_on.set()

            async def is_unknown() -> bool:
                return "end_unknown" in caplog.text

            await eventually(is_unknown)
            yield client, worker, lost


async def _bring_back(client: ArqRedis, lost: dict[bytes, bytes]) -> None:
    for key, value in lost.items():
        await client.restore(key, 0, value, replace=True)


async def test_an_end_that_waits_to_be_told_again_is_told_at_a_stop(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At once: however long it was to wait."""
    monkeypatch.setattr("jobs.intake._AGAIN_S", 600.0)
    async with _ended_unknown(redis_url, monkeypatch, caplog) as (client, worker, lost):
        await _bring_back(client, lost)
        worker.handle_sig(Signals.SIGTERM)
    async with client_of(redis_url) as client:
        assert await client.exists(keys.RESULT + "j")
    assert "end_refused" not in caplog.text


async def test_an_end_is_told_again_until_the_grace_is_over(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Until then the job may be brought back."""
    monkeypatch.setattr("jobs.intake._AGAIN_S", 0.05)
    told: list[int] = []
    claim = Leases.claim

    async def claim_and_count(self: Leases, queue: str, **more: Any) -> Claim:  # noqa: ANN401  a claim's
        claimed = await claim(self, queue, **more)
        told.append(len(claimed.answers))
        return claimed

    monkeypatch.setattr(Leases, "claim", claim_and_count)
    async with _ended_unknown(redis_url, monkeypatch, caplog, job_completion_wait=60) as (client, worker, lost):
        worker.handle_sig_wait_for_completion(Signals.SIGTERM)
        before = sum(told)

        async def is_told_again() -> bool:
            return sum(told) >= before + 3

        await eventually(is_told_again)
        await _bring_back(client, lost)
    async with client_of(redis_url) as client:
        assert await client.exists(keys.RESULT + "j")
    assert "end_refused" not in caplog.text


async def test_an_end_that_redis_does_not_know_is_given_up_with_the_grace(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told once more, and the hook for what was recorded is called as for any that was refused."""
    monkeypatch.setattr("jobs.intake._AGAIN_S", 600.0)
    heard: list[str] = []

    async def after(ctx: Ctx) -> None:
        heard.append(ctx["job_id"])

    async with _ended_unknown(redis_url, monkeypatch, caplog, after_job_end=after) as (_, worker, _):
        worker.handle_sig(Signals.SIGTERM)
    assert (caplog.text.count("end_refused"), heard) == (1, ["j"])


async def test_what_was_stopped_is_handed_back_in_parts(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No call gives back more than a script takes, however much has run."""
    monkeypatch.setattr("jobs.runs.MOST_HANDED_BACK", 2, raising=False)
    parts: list[int] = []
    hand_back = Leases.hand_back

    async def hand_back_and_count(self: Leases, runs: Sequence[Claimed], **more: Any) -> None:  # noqa: ANN401  its own
        parts.append(len(runs))
        await hand_back(self, runs, **more)

    monkeypatch.setattr(Leases, "hand_back", hand_back_and_count)
    async with client_of(redis_url) as client:
        worker = worker_of(redis_url, [wait])
        async with _until_stopped(worker):
            jobs = [await client.enqueue_job("wait") for _ in range(5)]
            for job in jobs:
                assert job is not None
                await until_running(job)
            worker.handle_sig(Signals.SIGTERM)
        assert [await field(client, job.job_id, "st") for job in jobs if job] == ["queued"] * 5
    assert parts == [2, 2, 1]


async def test_what_was_stopped_keeps_its_lease_until_it_is_handed_back(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it cleans up, and while another does: nobody else takes it meanwhile."""
    cleaning, clean = asyncio.Event(), asyncio.Event()
    renewed: list[str] = []
    renew = Renewals.renew

    def renew_and_note(self: Renewals, runs: Sequence[Claimed], **more: Any) -> list[Answer]:  # noqa: ANN401  its own
        answers = renew(self, runs, **more)
        if cleaning.is_set():
            renewed.extend(claimed.id for claimed, answer in zip(runs, answers, strict=True) if answer is Answer.OK)
        return answers

    async def clean_up(_: Ctx) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cleaning.set()
            await clean.wait()

    monkeypatch.setattr("jobs.engine._CLEAN_UP_S", 60.0)
    monkeypatch.setattr(Renewals, "renew", renew_and_note)
    async with client_of(redis_url) as client:
        worker = worker_of(redis_url, [named(clean_up, name="clean_up"), wait])
        async with _until_stopped(worker):
            jobs = [await client.enqueue_job(name, _job_id=name) for name in ("wait", "clean_up")]
            for job in jobs:
                assert job is not None
                await until_running(job)
            worker.handle_sig(Signals.SIGTERM)
            await cleaning.wait()

            async def are_renewed() -> bool:
                return renewed.count("wait") > 1 and renewed.count("clean_up") > 1

            await eventually(are_renewed)
            clean.set()
        told = [[await field(client, job.job_id, name) for name in ("st", "lost")] for job in jobs if job]
    assert told == [["queued", "0"]] * 2


async def test_ends_are_told_though_a_fault_has_stopped_the_worker(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes jobs has broken by one call; what the others give counts, and the stop waits no longer than for it."""
    begun, met = asyncio.Event(), asyncio.Event()
    claim = Leases.claim

    async def claim_with_a_fault(self: Leases, queue: str, *, endings: Sequence[Ending], **more: Any) -> Claim:  # noqa: ANN401  a claim's
        if endings and not met.is_set():
            met.set()
            raise RuntimeError("a fault of ours")
        return await claim(self, queue, endings=endings, **more)

    async def short(_: Ctx) -> None:
        await begun.wait()

    async def other(_: Ctx) -> int:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return 42

    monkeypatch.setattr("jobs.engine._CLEAN_UP_S", 2 * SOON_S)
    monkeypatch.setattr(Leases, "claim", claim_with_a_fault)
    async with client_of(redis_url) as client:
        await client.enqueue_job("short")
        await client.enqueue_job("other", _job_id="other")
        worker = worker_of(redis_url, [named(short, name="short"), named(other, name="other")], timing=LONG)
        with pytest.raises(RuntimeError, match="a fault of ours"):
            await asyncio.wait_for(worker.async_run(), SOON_S)
        await worker.close()
        assert await client.exists(keys.RESULT + "other")
