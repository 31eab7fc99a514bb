"""How long a question may take, by one timer for all that are under way: a timer for each would mostly be in vain."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Answer = TypeVar("Answer")

# A timer that goes off so late tells of a loop that stood still. Answers may have come meanwhile: they get a moment.
_LATE_S = 0.01


class Deadline:
    """Lets each question take the same time. Where one takes longer, all end: who does not answer one, answers none."""

    def __init__(self, seconds: float, *, missed: Callable[[], None]) -> None:
        """Call `missed` where a question took too long."""
        self._seconds = seconds
        self._missed = missed
        self._under_way: dict[asyncio.Timeout, float] = {}  # when each has to be over; the oldest first
        self._timer: asyncio.TimerHandle | None = None
        self._looks_at = 0.0
        self._is_patient = False

    async def bound(self, question: Awaitable[Answer]) -> Answer:
        """Give the answer; raises TimeoutError where it, or that to another question, is not there in time."""
        async with asyncio.timeout(None) as scope:
            ends_at = asyncio.get_running_loop().time() + self._seconds
            self._under_way[scope] = ends_at
            if self._timer is None:
                self._look_at(ends_at)
            try:
                return await question
            finally:
                self._under_way.pop(scope, None)

    def release(self) -> None:
        """Let nobody wait any longer."""
        under_way, self._under_way = self._under_way, {}
        for scope in under_way:
            scope.reschedule(0.0)

    def _look_at(self, moment: float) -> None:
        self._looks_at = moment
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        self._timer = None
        is_late, was_patient = now - self._looks_at > _LATE_S, self._is_patient
        self._is_patient = False
        if not self._under_way:
            return
        ends_at = next(iter(self._under_way.values()))
        if ends_at > now:
            self._look_at(ends_at)
        elif is_late and not was_patient:
            self._is_patient = True
            self._look_at(now + _LATE_S)
        else:
            self.release()
            self._missed()
