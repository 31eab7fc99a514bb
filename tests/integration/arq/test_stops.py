"""Workers that are told to stop, and what they still hold then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from signal import Signals
from typing import Any

import pytest

from jobs.runs import Runs
from jobs.stores.leases import Claim, Leases
from jobs.worker import Worker
from tests.support.arq_site import SOON_S, Ctx, client_of, field, named, worker_of


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
