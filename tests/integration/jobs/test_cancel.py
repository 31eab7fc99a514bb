"""What somebody is told who cancels, while PostgreSQL has not heard yet what a worker did."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from jobs import keys
from jobs.cancel import Canceller
from jobs.model import Failure, Outcome, State
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Claimed, Leases, Timing
from jobs.stores.queue import Cancelled
from tests.support.bed import QUEUE, Bed, Wanted, bed_of
from tests.support.endurance.cancels import SOMEBODY, canceller_of

Telling = Callable[[Leases, Claimed], Awaitable[None]]

_TIMING = Timing(lease_ms=15_000, renew_ms=5_000, step_ms=600_000)


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine, of which no process runs: nobody writes the history."""
    async with bed_of(environ, database) as bed:
        yield bed


@pytest.fixture
async def canceller(bed: Bed) -> AsyncIterator[Canceller]:
    """Give the use case."""
    async with canceller_of(bed) as canceller:
        yield canceller


@pytest.fixture
def leases(bed: Bed) -> Leases:
    """Give a worker's side."""
    return Leases(bed.redis, bed.redis, worker="host-1-a", timing=_TIMING, tasks=["diag.noop"])


async def _claim(leases: Leases) -> Claimed:
    claim = await leases.claim(QUEUE, request="1-0", slots=1, suspects=1, endings=[])
    return claim.jobs[0]


async def _retry(leases: Leases, claimed: Claimed) -> None:
    await leases.retry(claimed, Failure(type="E", message="m", fingerprint="f"), delay_ms=0, ms=1)


async def _hand_back(leases: Leases, claimed: Claimed) -> None:
    await leases.hand_back([claimed])


@pytest.mark.parametrize("tell", [_retry, _hand_back])
@pytest.mark.parametrize("is_end_written", [False, True])
async def test_what_had_started_was_stopped(
    bed: Bed, canceller: Canceller, leases: Leases, tell: Telling, *, is_end_written: bool
) -> None:
    """However it ended, and also where its start will be written down later than its end."""
    (job,) = await bed.submit([Wanted()])
    claimed = await _claim(leases)
    told = await canceller.cancel(job, owner=None, wait_s=0, by=SOMEBODY)
    assert told.outcome is Outcome.STOPPING
    await tell(leases, claimed)
    if is_end_written:
        (_, events), *_ = await bed.redis.xrevrange(keys.EVENTS, count=1)
        await JobStore(bed.database).apply(events[b"events"])
    told = await canceller.cancel(job, owner=None, wait_s=0, by=SOMEBODY)
    assert (told.outcome, told.job.state) == (Outcome.STOPPED, State.CANCELLED)


@pytest.mark.parametrize("is_end_written", [False, True])
async def test_what_had_not_never_started(bed: Bed, canceller: Canceller, *, is_end_written: bool) -> None:
    """The first time and each time after it."""
    (job,) = await bed.submit([Wanted()])
    for _ in range(2):
        told = await canceller.cancel(job, owner=None, wait_s=0, by=SOMEBODY)
        assert (told.outcome, told.job.state) == (Outcome.NEVER_STARTED, State.CANCELLED)
        if is_end_written:
            (_, events), *_ = await bed.redis.xrevrange(keys.EVENTS, count=1)
            await JobStore(bed.database).apply(events[b"events"])


async def test_a_start_whose_reply_was_lost_is_one(bed: Bed, canceller: Canceller, leases: Leases) -> None:
    """The worker asks again, and is not given what was cancelled meanwhile; for all that is known, it had begun."""
    (job,) = await bed.submit([Wanted()])
    await _claim(leases)
    (row,) = [await JobStore(bed.database).get(job)]
    assert row is not None
    assert await bed.queue.cancel([row]) == [Cancelled.ASKED]
    assert (await leases.claim(QUEUE, request="1-0", slots=1, suspects=1, endings=[])).jobs == []
    assert (await canceller.cancel(job, owner=None, wait_s=0, by=SOMEBODY)).outcome is Outcome.STOPPED
