"""Keeps the slots of one queue filled: claims, starts runs, and tells Redis how they ended. arq is not known here."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeVar

import structlog

from jobs import codec
from jobs.endings import ending_of
from jobs.errors import StoreUnavailableError
from jobs.execute import Executor
from jobs.held import Holdings, Run, Stop
from jobs.outage import Outage
from jobs.outcome import Failed, Outcome, Retrying, Succeeded
from jobs.stores.leases import MOST_ENDS, Claim, Claimed, Ending, Leases

# Overlapping calls of some dozens keep both sides busy: one big call at a time lets them wait for each other.
_CALLS = 3
_LARGEST = 50
_FRESH_S = 60.0
_LOOK_S = 1.0
_HAND_BACK_S, _HAND_BACK_AGAIN_S = 2.0, 0.1

log = structlog.stdlib.get_logger(__name__)

Answer = TypeVar("Answer")

_requests = count(1)


class Intake:
    """One queue's slots in one worker process."""

    def __init__(
        self, *, queue: str, slots: int, leases: Leases, holdings: Holdings, outage: Outage, executor: Executor
    ) -> None:
        self.queue = queue
        self._slots = slots
        self._share = max(1, min(_LARGEST, -(-slots // _CALLS)))
        self._leases = leases
        self._holdings = holdings
        self._outage = outage
        self._executor = executor
        self._runs: set[Run] = set()
        self._ends: deque[tuple[Run, Ending]] = deque()
        self._stopped: list[Run] = []
        self._others: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._lanes = list(range(_CALLS))  # that no call is on: what a lane's last call was given is remembered
        self._free = slots
        self._taking = True
        self._ready = True  # there may be ready jobs
        self._due = True  # there may be jobs that have come due
        self._wakes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._idle = asyncio.Event()

    @property
    def running(self) -> int:
        """Count the runs that have not ended."""
        return len(self._runs)

    async def run(self) -> None:
        """Take jobs until cancelled. An outage of Redis is waited for."""
        loops = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_after())]
        self._news.set()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                self._call()
                for task in (*loops, *self._calls):
                    if task.done() and (error := task.exception()):
                        raise error
        finally:
            for task in loops:
                task.cancel()

    async def drain(self, grace_s: float, *, clean_up_s: float) -> None:
        """Take no more, wait so long for what runs, cancel the rest, and hand that back once it has stopped."""
        self._taking = False
        self._idle.clear()
        if self._runs:
            log.info("worker_draining", queue=self.queue, running=len(self._runs), grace_s=grace_s)
        await self._settled(grace_s, hopeful=True)
        for run in list(self._runs):
            self._stop(run, Stop.DRAIN)
        await self._settled(clean_up_s, hopeful=False)
        for task in (*self._calls, *self._others):
            task.cancel()
        await self._hand_back()
        for run in (*self._stopped, *self._runs):
            self._holdings.remove(run)

    async def _hand_back(self) -> None:
        """Put what was stopped back in line. Where Redis is away, its leases run out instead."""
        if not self._stopped:
            return
        runs, until = [run.claimed for run in self._stopped], asyncio.get_running_loop().time() + _HAND_BACK_S
        while True:  # a connection that was cut is no outage: the next one may be answered
            try:
                async with asyncio.timeout_at(until):
                    await self._leases.hand_back(runs)
            except (StoreUnavailableError, TimeoutError) as error:
                if asyncio.get_running_loop().time() > until - _HAND_BACK_AGAIN_S:
                    log.warning("jobs_not_handed_back", amount=len(runs), reason=str(error) or "no answer in time")
                    return
                await asyncio.sleep(_HAND_BACK_AGAIN_S)
            else:
                log.info("jobs_handed_back", amount=len(runs))
                return

    def lose(self, run: Run) -> None:
        """Stop a run that is ours no more."""
        log.warning("lease_lost", job_id=run.claimed.id)
        self._stop(run, Stop.LOST)

    def _call(self) -> None:
        """Send what there is to send, as soon as that is worth a call or none is on its way."""
        while len(self._calls) < _CALLS:
            slots = min(self._free, self._share) if self._ready and self._taking else 0
            endings = min(len(self._ends), MOST_ENDS)
            if not (slots or endings or self._due):
                return
            if self._calls and max(slots, endings) < self._share:
                return
            part = [self._ends.popleft() for _ in range(endings)]
            self._free -= slots
            self._due = False
            task = asyncio.create_task(self._exchange(self._lanes.pop(), slots, part))
            self._calls.add(task)
            task.add_done_callback(self._calls_over)

    def _calls_over(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or not task.exception():
            self._calls.discard(task)
        self._news.set()

    async def _exchange(self, lane: int, slots: int, part: list[tuple[Run, Ending]]) -> None:
        request, wakes = f"{next(_requests)}-{lane}", self._wakes
        endings = [ending for _, ending in part]
        with self._holdings.suspects_allowed() as suspects:
            claim = await self._answered(
                lambda: self._leases.claim(self.queue, request=request, slots=slots, suspects=suspects, endings=endings)
            )
        self._lanes.append(lane)
        for (run, _), answer in zip(part, claim.answers, strict=True):
            self._holdings.remove(run)
            if answer not in {"ok", "ended"}:
                log.warning("end_refused", job_id=run.claimed.id, answer=answer)
        self._free += slots - sum(not job.is_exhausted for job in claim.jobs)
        self._learn(claim, asked=slots > 0, is_latest=wakes == self._wakes)
        for claimed in claim.jobs:
            self._start(claimed)

    def _learn(self, claim: Claim, *, asked: bool, is_latest: bool) -> None:
        self._due = self._due or claim.more_due
        if claim.more_ready:
            self._ready = True
        elif asked and is_latest:
            self._ready = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if claim.next_due_ms >= 0:
            delay_s = max(claim.next_due_ms - claim.now_ms, 0) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)
        self._may_sleep()

    async def _answered(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat a call until Redis answers; the scripts take a repetition for what it is."""
        while True:
            try:
                return await step()
            except StoreUnavailableError as error:
                await self._outage.over(error)

    def _may_sleep(self) -> None:
        if self._taking and self._free > 0 and not self._ready:
            self._idle.set()
        else:
            self._idle.clear()

    def _wake(self) -> None:
        self._wakes += 1
        self._ready = self._due = True  # due even without a free slot: so the next worker is woken instead
        self._idle.clear()
        self._news.set()

    async def _listen(self) -> None:
        poll_s = self._leases.timing.renew_ms / 1000
        while True:
            await self._idle.wait()
            await self._answered(lambda: self._leases.wait_for_work(self.queue, timeout_s=poll_s))
            self._wake()

    async def _look_after(self) -> None:
        """Give up runs that do not stop at their timeout; look for what is due also where all slots are taken."""
        now = asyncio.get_running_loop().time
        looked = now()
        while True:
            await asyncio.sleep(_LOOK_S)
            for run in [run for run in self._runs if now() > run.deadline]:
                self._abandon(run)
            if now() - looked > self._leases.timing.renew_ms / 1000:
                looked = now()
                self._due = True
                self._news.set()

    def _start(self, claimed: Claimed) -> None:
        loop = asyncio.get_running_loop()
        run = Run(claimed, loop.time())
        self._holdings.add(run)
        if claimed.is_exhausted:
            self._end(run, self._executor.give_up(claimed))
            return
        self._runs.add(run)
        run.task = loop.create_task(self._run(run))

    async def _run(self, run: Run) -> None:
        outcome: Outcome | None
        try:
            outcome = await self._executor.execute(run.claimed)
        except asyncio.CancelledError:
            outcome = None
        except Exception as error:
            log.exception("execution_broke", job_id=run.claimed.id)
            outcome = self._executor.broken(run.claimed, error)
        if run.stop is not Stop.OVERDUE:
            self._over(run, outcome)

    def _over(self, run: Run, outcome: Outcome | None) -> None:
        """Take a run's end: free its slot, and see that Redis hears of it."""
        self._runs.discard(run)
        self._free += 1
        run.has_ended = True
        if run.stop is Stop.LOST:
            self._holdings.remove(run)
        elif outcome is None or (run.stop is Stop.DRAIN and not isinstance(outcome, Succeeded)):
            self._stopped.append(run)
        elif isinstance(outcome, Retrying):
            self._keep(asyncio.create_task(self._retry(run, outcome)))
        else:
            self._end(run, outcome)
        self._may_sleep()
        self._news.set()

    def _end(self, run: Run, outcome: Succeeded | Failed) -> None:
        now = asyncio.get_running_loop().time()
        ms = -1 if run.claimed.is_exhausted else round((now - run.started_at) * 1000)
        ending = ending_of(run.claimed, outcome, ms=ms, is_fresh=now - run.renewed_at < _FRESH_S)
        log.info("job_ended", job_id=run.claimed.id, task=run.claimed.task, state=ending.state)
        self._ends.append((run, ending))
        self._news.set()

    async def _retry(self, run: Run, outcome: Retrying) -> None:
        ms = round((asyncio.get_running_loop().time() - run.started_at) * 1000)
        error = codec.dumps(outcome.failure.as_mapping())
        delay_ms = round(outcome.delay_s * 1000)
        await self._answered(lambda: self._leases.retry(run.claimed, delay_ms=delay_ms, error=error, ms=ms))
        self._holdings.remove(run)
        log.info("job_retrying", job_id=run.claimed.id, delay_s=round(outcome.delay_s, 3))

    def _abandon(self, run: Run) -> None:
        self._stop(run, Stop.OVERDUE)
        if run.stop is Stop.OVERDUE:
            log.error("job_abandoned", job_id=run.claimed.id, task=run.claimed.task)
            self._over(run, self._executor.abandon(run.claimed))

    def _stop(self, run: Run, why: Stop) -> None:
        run.cancel(why)
        if run.task is not None:
            run.task.add_done_callback(lambda _: self._never_began(run))

    def _never_began(self, run: Run) -> None:
        """Take the end of a run that was cancelled before its first step: it could not do so itself."""
        if run in self._runs:
            self._over(run, None)

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _settled(self, within_s: float, *, hopeful: bool) -> None:
        """Wait until nothing is left to do, at most so long; in an outage only for the runs, unless `hopeful`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while left_s := max(until - loop.time(), 0):
            tellable = hopeful or not self._outage.lasts
            if not (self._runs or (tellable and (self._ends or self._calls or self._others))):
                return
            self._news.set()
            if tasks := (*(run.task for run in self._runs if run.task), *self._calls, *self._others):
                await asyncio.wait(tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(0)
