"""Jobs of all kinds are cancelled at any moment while workers are killed: each ends once, and every answer is true."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from jobs.audit import Actor
from jobs.cancel import Canceller
from jobs.cancelling import cancel_until_ended
from jobs.find import JobFinder
from jobs.model import Job, Outcome, State
from jobs.stores.jobs import JobStore
from jobs.stores.presence import Presence
from jobs.stores.signals import Signals
from jobs.wait import EndWaiter
from tests.support.bed import QUEUE, Bed, Wanted, dice, sleeping
from tests.support.conditions import PATIENCE_S, eventually
from tests.support.crew import Crew, crew_of
from tests.support.figures import Figures

LIMIT = 10  # to be set as what each owner may run
PROCESSES = 2  # to be set as JOBS_PROCESSES
TASKS = "tests.support.blocking:TASKS,tests.support.tasks:TASKS"  # to be set as JOBS_TASKS

SOMEBODY = Actor(name="somebody")

_WORKERS = 2
_SLOTS = 25
_CHUNK = 50
_MOST_UNFINISHED = 120
_MOST_CANCELLING = 40
_LATEST_S = 3.0  # after its submission, or its first start, a job is cancelled
_STARTED_SHARE = 0.5  # those that are cancelled after they have started, however long that takes on a busy machine
_START_S = 20.0  # who has not started by then is cancelled without
_WAIT_S = 2.0
_OWNERS = 10
_HEAVY_SHARE = 0.2  # of all jobs, those of one owner: more than he may have running
_EARLY_SHARE = 0.05  # those that are cancelled before Redis knows them
_LONG_S = 600.0  # what takes so long ends by its cancel alone

# How often, and what.
_KINDS = (
    (30, Wanted()),
    (15, sleeping(0.1)),
    (10, sleeping(1.0)),
    (10, sleeping(_LONG_S)),
    (8, Wanted(delay_s=1.0)),
    (3, Wanted(delay_s=_LONG_S)),
    (8, Wanted(task="diag.fail", args={"times": 2})),
    (4, Wanted(task="diag.fail", max_tries=3)),
    (4, Wanted(task="test.fail_late", args={"seconds": 0.5})),
    (4, Wanted(task="test.clean_up", args={"seconds": _LONG_S, "clean_up_s": 0.3})),
    (4, Wanted(task="test.fall", args={"seconds": _LONG_S})),
    (4, Wanted(task="diag.cpu", args={"seconds": 0.2})),
    (3, Wanted(task="diag.cpu", args={"seconds": _LONG_S})),
    (3, Wanted(task="test.heed", args={"seconds": _LONG_S})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What somebody was told who wanted a job cancelled, and when."""

    job_id: str
    outcome: Outcome
    at_ms: float


async def cancel_amid_deaths(bed: Bed, *, jobs: int, deaths: int) -> Figures:
    """Cancel so many jobs, each once, while so many workers are killed; give the figures."""
    luck = dice(jobs)
    began = time.monotonic()
    async with crew_of(bed, size=_WORKERS, slots=_SLOTS) as crew, canceller_of(bed) as canceller:
        cancelling = Cancelling(bed, canceller)
        killing = asyncio.create_task(_kill(bed, crew, cancelling, amount=jobs, deaths=deaths))
        while len(cancelling.tasks) < jobs:
            await bed.trail.until(lambda: _unfinished(bed) < _MOST_UNFINISHED, within_s=60, what="the line is short")
            kinds = luck.choices(_KINDS, weights=[weight for weight, _ in _KINDS], k=min(_CHUNK, jobs))
            owners = ["heavy" if luck.random() < _HEAVY_SHARE else f"owner {luck.randrange(_OWNERS)}" for _ in kinds]
            await cancelling.submit([replace(one, owner=owner) for (_, one), owner in zip(kinds, owners, strict=True)])
        answers = await asyncio.gather(*cancelling.tasks)
        await killing
        await bed.trail.until_ended(bed.trail.owners, within_s=60)
        _assert_true(bed, answers)
        cancelled = Counter(answer.outcome.value for answer in answers)
        await _assert_all_is_free(bed, crew)
        rows = await bed.until_written(within_s=60)
    assert {row["state"] for job, row in rows.items() if not bed.trail.claims_of(job)} <= {State.CANCELLED}
    assert max(bed.trail.most_running.values()) <= LIMIT
    for outcome in (Outcome.NEVER_STARTED, Outcome.STOPPED, Outcome.FINISHED_FIRST):
        assert cancelled[outcome.value] > jobs / 20, f"too few to tell anything: {cancelled}"
    await bed.assert_settled(never_in_line=cancelling.early)
    return {
        "cancels": f"{len(answers):,}",
        "workers killed": f"{len(crew.ended)}",
        "leases lost": f"{(await bed.tally()).lost}",
        **{outcome: f"{amount:,}" for outcome, amount in cancelled.items()},
        "ended twice": "0",
        "untrue answers": "0",
        "seconds": f"{time.monotonic() - began:.0f}",
    }


class Cancelling:
    """Submits jobs, and cancels each a while later; `tasks` give the answers."""

    def __init__(self, bed: Bed, canceller: Canceller) -> None:
        self._bed = bed
        self._canceller = canceller
        self._luck = dice(1)
        self._room = asyncio.Semaphore(_MOST_CANCELLING)
        self.tasks: list[asyncio.Task[Answered]] = []
        self.early = 0

    @property
    def amount(self) -> int:
        """How many have been answered."""
        return sum(task.done() for task in self.tasks)

    async def submit(self, wanted: list[Wanted]) -> None:
        """Put jobs in line; some are cancelled before they get there."""
        jobs = await self._bed.store(wanted)
        early = [job for job in jobs if self._luck.random() < _EARLY_SHARE]
        self.early += len(early)
        for job in early:
            self._cancel(job, after_s=0.0)
        await asyncio.gather(*self.tasks[len(self.tasks) - len(early) :])
        await self._bed.enqueue(jobs)
        for job in jobs:
            if job not in early:
                # Most come soon: while jobs are being claimed, or end.
                started = self._luck.random() < _STARTED_SHARE
                self._cancel(job, after_s=_LATEST_S * self._luck.random() ** 2, started=started)

    def _cancel(self, job: Job, *, after_s: float, started: bool = False) -> None:
        within_s = _START_S if started else 0.0
        self.tasks.append(asyncio.create_task(self._answer(job.id, after_s, within_s), name=f"cancel {job.id}"))

    async def _answer(self, job_id: str, after_s: float, start_within_s: float) -> Answered:
        async def has_started() -> bool:
            return bool(self._bed.trail.claims_of(job_id))

        with suppress(AssertionError):
            await eventually(has_started, within_s=start_within_s)
        await asyncio.sleep(after_s)
        async with self._room:
            told = await self._canceller.cancel(job_id, owner=None, wait_s=_WAIT_S, by=SOMEBODY)
        return Answered(job_id=job_id, outcome=told.outcome, at_ms=1000 * time.time())


@asynccontextmanager
async def canceller_of(bed: Bed) -> AsyncIterator[Canceller]:
    """Give the use case on the stores of a bed."""
    jobs = JobStore(bed.database)
    waiter = EndWaiter(finder=JobFinder(jobs=jobs, queue=bed.queue), signals=Signals(bed.redis))
    listening = asyncio.create_task(waiter.run(), name="end-waiter")
    try:
        yield Canceller(database=bed.database, jobs=jobs, queue=bed.queue, waiter=waiter)
    finally:
        await cancel_until_ended([listening], again_s=1.0)


def _unfinished(bed: Bed) -> int:
    return len(bed.trail.owners) - len(bed.trail.ended)


async def _kill(bed: Bed, crew: Crew, cancelling: Cancelling, *, amount: int, deaths: int) -> None:
    """Kill a worker each time that a further part of the jobs has been cancelled."""
    for number in range(1, deaths + 1):

        async def is_time(number: int = number) -> bool:
            await bed.trail.catch_up()
            return cancelling.amount > amount * number / (deaths + 1)

        await eventually(is_time, within_s=60)
        await crew.kill(number % _WORKERS)


def _assert_true(bed: Bed, answers: list[Answered]) -> None:
    """Expect that each answer says what the trail says, and that nothing has started after it."""
    for answer in answers:
        claims, end = bed.trail.claims_of(answer.job_id), bed.trail.ended[answer.job_id]
        told = (answer, bed.trail.steps[answer.job_id])
        assert all(claim.at_ms <= answer.at_ms for claim in claims), told
        if answer.outcome is Outcome.STOPPING:
            continue
        assert end.at_ms <= answer.at_ms, told
        assert (end.state is State.CANCELLED) is (answer.outcome is not Outcome.FINISHED_FIRST), told
        if answer.outcome is not Outcome.FINISHED_FIRST:
            assert bool(claims) is (answer.outcome is Outcome.STOPPED), told


async def _assert_all_is_free(bed: Bed, crew: Crew) -> None:
    """Expect that all slots, all of one owner's places and all child processes are free again, and are used."""
    presence = Presence(bed.redis)

    async def nobody_is_busy() -> bool:
        busy = {worker.pid: worker.queues[QUEUE].running for worker in await presence.workers()}
        return [busy.get(worker.pid) for worker in crew.workers.values()] == [0] * _WORKERS

    await eventually(nobody_is_busy)
    others = [f"free {number}" for number in range(_WORKERS * _SLOTS - LIMIT)]
    with TemporaryDirectory(prefix="switchyard-cancels-") as folder:
        enough = Path(folder) / "enough"
        waiting = Wanted(task="test.await_file", args={"path": str(enough)})
        jobs = await bed.submit([replace(waiting, owner=owner) for owner in (*["heavy"] * LIMIT, *others)])
        await bed.trail.until_running(jobs, within_s=PATIENCE_S)
        enough.touch()
        jobs += await bed.submit([Wanted(task="diag.cpu", args={"seconds": 0.1})] * (_WORKERS * PROCESSES))
        await bed.trail.until_ended(jobs, within_s=2 * PATIENCE_S)  # a child's start may take some of it
    assert {bed.trail.ended[job].state for job in jobs} == {State.SUCCEEDED}
