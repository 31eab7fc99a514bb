"""Keeps the slots of one queue filled: claims, and tells Redis how runs ended. arq is not known here."""

import asyncio
from collections import deque
from itertools import count

import structlog

from jobs.executor import Executor
from jobs.held import Holdings, Run
from jobs.outage import Outage
from jobs.runs import Runs
from jobs.stores.leases import MOST_ENDS, Answer, Claim, Ending, Leases

# Overlapping calls of some dozens keep both sides busy: one big call at a time lets them wait for each other.
_CALLS = 3
_LARGEST = 50
_LOOK_S = 1.0
_AGAIN_S, _HOPE_S = 1.0, 60.0  # how often, and for how long, an end is told that Redis knows no run of

log = structlog.stdlib.get_logger(__name__)

_requests = count(1)


class Intake:
    """One queue's slots in one worker process."""

    def __init__(
        self, *, queue: str, slots: int, leases: Leases, holdings: Holdings, outage: Outage, executor: Executor
    ) -> None:
        self.queue = queue
        self.slots = slots
        self._share = max(1, min(_LARGEST, -(-slots // _CALLS)))
        self._leases = leases
        self._holdings = holdings
        self._outage = outage
        self._runs = Runs(
            leases=leases, holdings=holdings, outage=outage, executor=executor, ended=self._ended, freed=self._freed
        )
        self._ends: deque[tuple[Run, Ending]] = deque()
        self._unknown: list[tuple[Run, Ending]] = []  # ends that wait to be told again: Redis knew no run of theirs
        self._again: asyncio.TimerHandle | None = None  # when they are
        self._hopes = True  # that what Redis does not know, or does not answer, will be well again
        self._calls: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None  # that one of them has met
        self._lanes = list(range(_CALLS))  # that no call is on: what a lane's last call was given is remembered
        self._free = slots
        self.answered_at: float | None = None  # when Redis last answered a claim, by the loop's clock; None: not taking
        self.quota: int | None = None  # how many jobs it may still start; None: any number
        self._taking = True
        self._ready = True  # there may be ready jobs
        self._due = True  # there may be jobs that have come due
        self._wakes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()
        self._idle = asyncio.Event()

    @property
    def runs(self) -> Runs:
        """What runs, to be told to stop."""
        return self._runs

    @property
    def is_spent(self) -> bool:
        """Say whether as many were started as may be, and have ended. What a call on its way may give is not known."""
        return self.quota == 0 and not self._calls and not self._runs

    async def run(self) -> None:
        """Take jobs until cancelled. An outage of Redis is waited for."""
        loops = [asyncio.create_task(self._listen()), asyncio.create_task(self._look_after())]
        self._news.set()
        self.answered_at = asyncio.get_running_loop().time()
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                self._call()
                for task in loops:
                    if task.done() and (error := task.exception()):
                        raise error
                if self._fault is not None:
                    raise self._fault
        finally:
            self.answered_at = None
            for task in loops:
                task.cancel()

    async def drain(self, grace_s: float, *, clean_up_s: float) -> None:
        """Take no more, wait so long for what runs, cancel the rest, and hand that back once it has stopped."""
        self._taking = False
        self._idle.clear()
        if self._runs:
            log.info("worker_draining", queue=self.queue, running=len(self._runs), grace_s=grace_s)
        self._tell_again()
        await self._settled(grace_s)
        self._lose_hope()
        self._runs.stop_all()
        await self._settled(clean_up_s)
        for task in self._calls:
            task.cancel()
        await self._runs.leave()

    def _call(self) -> None:
        """Send what there is to send, as soon as that is worth a call or none is on its way."""
        while len(self._calls) < _CALLS:
            slots = self._wanted() if self._ready and self._taking else 0
            endings = min(len(self._ends), MOST_ENDS)
            if not (slots or endings or self._due):
                return
            if self._calls and max(slots, endings) < self._share:
                return
            part = [self._ends.popleft() for _ in range(endings)]
            self._reserve(slots)
            self._due = False
            task = asyncio.create_task(self._exchange(self._lanes.pop(), slots, part))
            self._calls.add(task)
            task.add_done_callback(self._calls_over)

    def _wanted(self) -> int:
        slots = min(self._free, self._share)
        return slots if self.quota is None else min(slots, self.quota)

    def _reserve(self, slots: int) -> None:
        self._free -= slots
        if self.quota is not None:
            self.quota -= slots

    def _calls_over(self, task: "asyncio.Task[None]") -> None:
        self._calls.discard(task)
        if not task.cancelled():
            self._fault = self._fault or task.exception()
        self._news.set()

    async def _exchange(self, lane: int, slots: int, part: list[tuple[Run, Ending]]) -> None:
        request, wakes = f"{next(_requests)}-{lane}", self._wakes
        endings = [ending for _, ending in part]
        with self._holdings.asking(self.queue, request) as wanted:
            try:
                with self._holdings.suspects_allowed() as suspects:
                    claim = await self._outage.answered(
                        lambda: self._leases.claim(
                            self.queue, request=request, slots=slots, suspects=suspects, endings=endings
                        )
                    )
            finally:
                self._lanes.append(lane)
            self.answered_at = asyncio.get_running_loop().time()
            self._told(part, claim.answers)
            for claimed in claim.jobs:
                self._runs.prepare(claimed)
            self._reserve(sum(not job.is_exhausted for job in claim.jobs) - slots)
            self._learn(claim, asked=slots > 0, is_latest=wakes == self._wakes)
            for claimed in claim.jobs:
                self._runs.start(claimed, is_to_cancel=claimed.id in wanted)

    def _told(self, part: list[tuple[Run, Ending]], answers: list[str]) -> None:
        for (run, ending), answer in zip(part, answers, strict=True):
            if answer == Answer.UNKNOWN and self._may_come_back(run):
                self._unknown.append((run, ending))
                if self._again is None:
                    self._again = asyncio.get_running_loop().call_later(_AGAIN_S, self._tell_again)
            else:
                self._close(run, answer)

    def _tell_again(self) -> None:
        """Tell at once all ends that wait for it."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._ends.extend(self._unknown)
        self._unknown.clear()
        self._news.set()

    def _lose_hope(self) -> None:
        """Wait no more for Redis, or for what it does not know: no end is told again."""
        self._hopes = False
        for run, _ in self._unknown:
            self._close(run, Answer.UNKNOWN)
        self._unknown.clear()

    def _close(self, run: Run, answer: str) -> None:
        self._holdings.remove(run)
        run.settle()
        if answer not in {"ok", "ended"}:
            log.warning("end_refused", about=run, answer=answer)

    def _may_come_back(self, run: Run) -> bool:
        """Say whether a run may be known again soon: what Redis has lost, a steward brings back."""
        now = asyncio.get_running_loop().time()
        if run.unknown_since is None:
            log.warning("end_unknown", about=run)
            run.unknown_since = now
        return self._hopes and now - run.unknown_since < _HOPE_S

    def _ended(self, run: Run, ending: Ending) -> None:
        self._ends.append((run, ending))
        self._news.set()

    def _freed(self) -> None:
        self._free += 1
        self._may_sleep()
        self._news.set()

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
            await self._outage.answered(lambda: self._leases.wait_for_work(self.queue, timeout_s=poll_s))
            self._wake()

    async def _look_after(self) -> None:
        """Give up runs that do not stop at their timeout; look for what is due also where all slots are taken."""
        now = asyncio.get_running_loop().time
        looked = now()
        while True:
            await asyncio.sleep(_LOOK_S)
            self._runs.give_up_overdue()
            if now() - looked > self._leases.timing.renew_ms / 1000:
                looked = now()
                self._due = True
                self._news.set()

    async def _settled(self, within_s: float) -> None:
        """Wait until nothing is left to do, at most so long; in an outage, once hope is lost, only for the runs."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while left_s := max(until - loop.time(), 0):
            tellable = self._hopes or not self._outage.lasts
            if not (self._runs or (tellable and (self._ends or self._unknown or self._calls or self._runs.telling))):
                return
            self._call()  # here too: what takes jobs may have broken
            if self._unknown:
                left_s = min(left_s, _AGAIN_S)
            if tasks := (*self._runs.tasks, *self._calls, *self._runs.telling):
                await asyncio.wait(tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            else:
                await asyncio.sleep(left_s)
