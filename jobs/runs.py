"""The runs of one queue in a worker: started, told to stop, and seen to their end. What has ended it only reports."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from jobs.endings import bare_ending
from jobs.errors import StoreUnavailableError, UnexpectedExitError
from jobs.executor import Executor
from jobs.held import CLEAN_UP_S, Holdings, Run, Stop
from jobs.model import STOCK_OWNER
from jobs.outage import Outage
from jobs.outcome import Cancelled, Ended, Outcome, Retrying, Succeeded, Unknown
from jobs.stores.leases import MOST_HANDED_BACK, Claimed, Ending, Leases
from jobs.submission import LONGEST_DELAY_S  # beyond it scores have another meaning

_UNKNOWN_S = 10.0
_HAND_BACK_S, _HAND_BACK_AGAIN_S = 2.0, 0.1

log = structlog.stdlib.get_logger(__name__)


class Runs:
    """Those that have not ended, those that were stopped to be handed back, and what still has to be told of others."""

    def __init__(
        self,
        *,
        leases: Leases,
        holdings: Holdings,
        outage: Outage,
        executor: Executor,
        ended: Callable[[Run, Ending], None],
        freed: Callable[[], None],
    ) -> None:
        """Tell `ended` of each end that Redis must hear of; call `freed` when a slot is free again."""
        self._leases = leases
        self._holdings = holdings
        self._outage = outage
        self._executor = executor
        self._ended = ended
        self._freed = freed
        self._running: set[Run] = set()
        self._stopped: list[Run] = []
        self._starts = True  # until all are stopped
        self._telling: set[asyncio.Task[None]] = set()
        self._log = log.bind()  # made once, so that what is not logged costs little

    def __len__(self) -> int:
        """Count those that have not ended."""
        return len(self._running)

    @property
    def telling(self) -> frozenset[asyncio.Task[None]]:
        """Calls on their way that tell Redis of retries, or of tasks that nobody here knows."""
        return frozenset(self._telling)

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What the runs consist of."""
        return [run.task for run in self._running if run.task]

    def prepare(self, claimed: Claimed) -> None:
        """Give a stock client's job the limits that its task has here: how often it may be lost is one of them."""
        if claimed.owner == STOCK_OWNER:
            self._executor.prepare(claimed)

    def start(self, claimed: Claimed, *, is_to_cancel: bool = False) -> None:
        """Run a claimed job that is prepared, or end it at once if it must not run again: then it takes no slot.

        One that somebody has wanted cancelled meanwhile is stopped before its first step. Once all were stopped it is
        to be handed back with them.
        """
        loop = asyncio.get_running_loop()
        run = Run(claimed, loop.time())
        self._holdings.add(run)
        if claimed.is_exhausted:
            self._end(run, self._executor.exhausted(claimed))
            return
        if not self._starts:
            run.stop, run.has_ended = Stop.DRAIN, True
            self._stopped.append(run)
            self._freed()
            return
        self._running.add(run)
        run.task = loop.create_task(self._run(run))
        if is_to_cancel:
            self.cancel(run)

    def cancel(self, run: Run) -> None:
        """Stop a run that somebody wants cancelled; it has ten seconds to clean up, then it is given up."""
        if run.stop is None:
            log.info("job_cancelling", about=run)
            run.deadline = min(run.deadline, asyncio.get_running_loop().time() + CLEAN_UP_S)
            self._stop(run, Stop.CANCEL)

    def lose(self, run: Run) -> None:
        """Stop a run that is ours no more."""
        log.warning("lease_lost", about=run)
        self._stop(run, Stop.LOST)

    def stop_all(self) -> None:
        """Stop all of them, to hand them back, and start no more."""
        self._starts = False
        for run in list(self._running):
            self._stop(run, Stop.DRAIN)

    def give_up_overdue(self) -> None:
        """End those that did not stop when their time was over."""
        now = asyncio.get_running_loop().time()
        for run in [run for run in self._running if now > run.deadline]:
            self._give_up(run)

    async def leave(self) -> None:
        """Hand back what was stopped. What has not stopped keeps its lease until that runs out."""
        for task in self._telling:
            task.cancel()
        await self._hand_back()
        for run in (*self._stopped, *self._running):
            self._holdings.remove(run)

    async def _hand_back(self) -> None:
        """Put what was stopped back in line. Where Redis is away, its leases run out instead."""
        runs, until = [run.claimed for run in self._stopped], asyncio.get_running_loop().time() + _HAND_BACK_S
        for first in range(0, len(runs), MOST_HANDED_BACK):
            try:
                await self._hand_over(runs[first : first + MOST_HANDED_BACK], until)
            except (StoreUnavailableError, TimeoutError) as error:
                reason = str(error) or "no answer in time"
                log.warning("jobs_not_handed_back", amount=len(runs) - first, reason=reason)
                del runs[first:]
                break
        if runs:
            log.info("jobs_handed_back", amount=len(runs))

    async def _hand_over(self, runs: Sequence[Claimed], until: float) -> None:
        while True:  # a connection that was cut is no outage: the next one may be answered
            try:
                async with asyncio.timeout_at(until):
                    await self._leases.hand_back(runs)
            except (StoreUnavailableError, TimeoutError):
                if asyncio.get_running_loop().time() > until - _HAND_BACK_AGAIN_S:
                    raise
                await asyncio.sleep(_HAND_BACK_AGAIN_S)
            else:
                return

    async def _run(self, run: Run) -> None:
        outcome: Outcome | None
        try:
            outcome = await self._executor.execute(run)
        except asyncio.CancelledError as error:
            outcome = None if run.stop else self._executor.broken(run.claimed, UnexpectedExitError.of(error))
        except Exception as error:
            log.exception("execution_broke", about=run)
            outcome = self._executor.broken(run.claimed, error)
        if run.stop is not Stop.OVERDUE:
            self._over(run, outcome)

    def _over(self, run: Run, outcome: Outcome | None) -> None:
        """Take a run's end: free its slot, whatever comes, and see that Redis hears of it."""
        self._running.discard(run)
        run.has_ended = True
        try:
            self._tell_end(run, outcome)
        finally:
            self._freed()

    def _tell_end(self, run: Run, outcome: Outcome | None) -> None:
        if run.stop is Stop.LOST:
            self._holdings.remove(run)
        elif run.stop is Stop.CANCEL:
            self._end(run, outcome if isinstance(outcome, Succeeded) else Cancelled())
        elif outcome is None or (run.stop is Stop.DRAIN and not isinstance(outcome, Succeeded)):
            if self._executor.hands_back:
                self._stopped.append(run)
            else:
                self._end(run, Cancelled())
        elif isinstance(outcome, Retrying):
            self._tell(run, self._retry(run, outcome))
        elif isinstance(outcome, Unknown):
            self._tell(run, self._put_aside(run, outcome))
        else:
            self._end(run, outcome)

    def _end(self, run: Run, outcome: Ended) -> None:
        ran_s = asyncio.get_running_loop().time() - run.started_at
        ms = -1 if run.claimed.is_exhausted else round(ran_s * 1000)
        try:
            ending = self._executor.ending(run, outcome, ms=ms)
        except Exception as error:  # whatever a job is made of, it ends: else it would run again and again
            log.exception("end_not_written", about=run)
            ending = bare_ending(run.claimed, self._executor.broken(run.claimed, error), ms=ms)
        self._log.info("job_ended", about=run, state=ending.state)
        self._ended(run, ending)

    def _tell(self, run: Run, telling: Coroutine[Any, Any, None]) -> None:
        async def told() -> None:
            try:
                await telling
            except Exception:  # a fault of ours: the lease runs out, and some worker takes it up
                log.exception("try_not_told", about=run)
            else:
                run.settle()
            self._holdings.remove(run)

        task = asyncio.create_task(told())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _retry(self, run: Run, outcome: Retrying) -> None:
        ms = round((asyncio.get_running_loop().time() - run.started_at) * 1000)
        failure, delay_ms = outcome.failure, round(min(max(outcome.delay_s, 0), LONGEST_DELAY_S) * 1000)
        await self._outage.answered(lambda: self._leases.retry(run.claimed, failure, delay_ms=delay_ms, ms=ms))
        log.info("job_retrying", about=run, delay_s=round(outcome.delay_s, 3))

    async def _put_aside(self, run: Run, outcome: Unknown) -> None:
        delay_ms = round(_UNKNOWN_S * 1000)
        await self._outage.answered(lambda: self._leases.hand_back([run.claimed], delay_ms=delay_ms, task=outcome.task))
        log.warning("task_unknown", about=run)

    def _give_up(self, run: Run) -> None:
        if run.stop not in {None, Stop.CANCEL}:
            return
        outcome = Cancelled() if run.stop is Stop.CANCEL else self._executor.overdue(run.claimed)
        run.stop = Stop.OVERDUE
        run.cancel(Stop.OVERDUE)
        log.error("job_abandoned", about=run)
        self._over(run, outcome)

    def _stop(self, run: Run, why: Stop) -> None:
        run.cancel(why)
        if run.task is not None:
            run.task.add_done_callback(lambda _: self._never_began(run))

    def _never_began(self, run: Run) -> None:
        """Take the end of a run that was cancelled before its first step: it could not do so itself."""
        if run in self._running:
            self._over(run, None)
