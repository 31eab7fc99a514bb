"""Time limits for many runs with one timer: most end long before theirs, so a timer for each would be in vain."""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """The limits of one event loop. A timer is set only where a limit ends before all that there were."""

    def __init__(self) -> None:
        self._limits: set[Limit] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._looked_at = float("inf")  # by the loop's clock

    def add(self, limit: "Limit") -> None:
        """Watch a limit. Those that were taken back are found out when the timer goes off."""
        self._limits.add(limit)
        if limit.ends_at < self._looked_at:
            self._look_at(limit.ends_at)

    def remove(self, limit: "Limit") -> None:
        """Watch it no more."""
        self._limits.discard(limit)

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._looked_at = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        now, self._timer, self._looked_at = self._looked_at, None, float("inf")
        for limit in [limit for limit in self._limits if limit.ends_at <= now]:
            self._limits.discard(limit)
            limit.expire()
        if self._limits:
            self._look_at(min(limit.ends_at for limit in self._limits))


class Limit:
    """`with Limit(deadlines, 5.0)` cancels the task after 5 s and raises TimeoutError, as asyncio.timeout does.

    A cancellation from elsewhere passes through it.
    """

    __slots__ = ("_cancels", "_deadlines", "_task", "_timeout_s", "ends_at", "expired")

    def __init__(self, deadlines: Deadlines, timeout_s: float) -> None:
        self._deadlines = deadlines
        self._timeout_s = timeout_s
        self.expired = False

    def __enter__(self) -> Self:
        """Begin in the task that is to be cancelled."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit is for a task")
        self._task = task
        self._cancels = task.cancelling()
        self.ends_at = task.get_loop().time() + self._timeout_s
        self._deadlines.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End; tell a cancellation of its own from others."""
        self._deadlines.remove(self)
        if self.expired and self._task.uncancel() <= self._cancels and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def expire(self) -> None:
        """Cancel the task: its time is over."""
        self.expired = True
        self._task.cancel()
