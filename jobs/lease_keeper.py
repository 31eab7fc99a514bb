"""Renews the leases of all runs of a process, from a thread: a task that blocks the event loop loses none."""

import asyncio
import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from jobs.errors import StoreUnavailableError
from jobs.held import Holdings, Run, Stop
from jobs.stores.leases import MOST_RENEWED, Answer, Renewals

_TICK_S = 1.0
_AGAIN_S = 0.5
_CLOSE_S = 1.0
_LONGEST_BLOCK_S = 90.0
_GO_ON = (None, Stop.CANCEL, Stop.DRAIN)  # those may clean up, and wait for others that do until they are handed back

log = structlog.stdlib.get_logger(__name__)

Stopper = Callable[[Run], None]


class LeaseKeeper:
    """A thread that renews every `renew_ms`, each run up to its deadline.

    It gives up on an event loop that has not moved for 90 seconds: such a process is as good as dead, and its jobs
    are better off elsewhere.
    """

    def __init__(self, *, renewals: Renewals, holdings: Holdings, lost: Stopper, cancelled: Stopper) -> None:
        """Call, in the event loop, `lost` for each run that is ours no more, `cancelled` for each to be cancelled."""
        self._renewals = renewals
        self._holdings = holdings
        self._lost = lost
        self._cancelled = cancelled
        self._due = threading.Event()
        self._stopped = False
        self._asking: deque[asyncio.Future[None]] = deque()
        self._ticked = time.monotonic()
        self.came_round = self._ticked  # when it last asked Redis, answered or not
        self.answered_since: float | None = None  # since when Redis has answered each time; None: it did not, last
        self._thread = threading.Thread(
            target=contextvars.copy_context().run, args=(self._work,), name="lease-keeper", daemon=True
        )
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin; must be called in the event loop, whose clock is the monotonic one."""
        self._loop = asyncio.get_running_loop()
        self._tick()
        self._thread.start()

    async def close(self) -> None:
        """End the thread; what it still holds is left to run out. One that waits for Redis is left alone."""
        self._stopped = True
        self._due.set()
        await asyncio.to_thread(self._thread.join, _CLOSE_S)

    async def renewed(self) -> None:
        """Renew now; return when Redis has answered, or raise StoreUnavailableError."""
        asked = asyncio.get_running_loop().create_future()
        self._asking.append(asked)
        self._due.set()
        await asked

    def _tick(self) -> None:
        self._ticked = time.monotonic()
        if self._loop is not None and not self._stopped:
            self._loop.call_later(_TICK_S, self._tick)

    def _work(self) -> None:
        pause_s = self._renewals.timing.renew_ms / 1000
        while True:
            self._due.wait(pause_s)
            self._due.clear()
            if self._stopped:
                return
            asked = [self._asking.popleft() for _ in range(len(self._asking))]
            try:
                self._renew()
            except Exception as error:  # noqa: BLE001  without this thread all leases of the process run out unseen
                log.warning("leases_not_renewed", reason=str(error))
                if not isinstance(error, StoreUnavailableError):
                    error = StoreUnavailableError(str(error))
                self.answered_since = None
                pause_s = min(_AGAIN_S, self._renewals.timing.renew_ms / 1000)
                self._answer(asked, error)
            else:
                self.answered_since = self.answered_since or time.monotonic()
                pause_s = self._renewals.timing.renew_ms / 1000
                self._answer(asked, None)
            self.came_round = time.monotonic()

    def _renew(self) -> None:
        now = time.monotonic()
        if now - self._ticked > _LONGEST_BLOCK_S:
            log.error("event_loop_blocked", seconds=round(now - self._ticked))
            return
        runs = [run for run in self._holdings.all() if now < run.deadline and run.stop in _GO_ON]
        asked = self._holdings.asked
        for first in range(0, max(len(runs), 1), MOST_RENEWED):
            part = runs[first : first + MOST_RENEWED]
            answers = self._renewals.renew([run.claimed for run in part], asked=asked if first == 0 else ())
            for run, answer in zip(part, answers, strict=True):
                if answer in {Answer.OK, Answer.CANCEL}:
                    run.claimed.known_at = now
                if answer is Answer.CANCEL:
                    self._call(self._cancelled, run)
                elif answer is Answer.OK:
                    continue
                elif answer is not Answer.UNKNOWN and not run.has_ended:
                    self._call(self._lost, run)

    def _answer(self, asked: list[asyncio.Future[None]], error: Exception | None) -> None:
        for future in asked:
            self._call(_settle, future, error)

    def _call(self, function: Callable[..., None], *args: object) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)


def _settle(future: asyncio.Future[None], error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
