"""How long a question may take, by one timer for all that are under way: a timer for each would mostly be in vain."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Answer = TypeVar("Answer")

# In a busy event loop the time may go by with an answer that nobody has come to read yet. It takes some turns from the
# socket to who asked; where nothing else is to be done they take no time.
_TURNS = 6


class Deadline:
    """Lets each question take the same time. Where one takes longer, all end: who does not answer one, answers none."""

    def __init__(self, seconds: float, *, missed: Callable[[], None]) -> None:
        """Call `missed` where a question took too long."""
        self._seconds = seconds
        self._missed = missed
        self._under_way: dict[asyncio.Timeout, float] = {}  # when each has to be over; the oldest first
        self._timer: asyncio.Handle | None = None
        self._overdue: asyncio.Timeout | None = None
        self._turns = 0

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
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if not self._under_way:
            return
        oldest, ends_at = next(iter(self._under_way.items()))
        if ends_at > loop.time():
            self._look_at(ends_at)
        elif self._may_be_read(oldest):
            self._timer = loop.call_soon(self._look)
        else:
            self.release()
            self._missed()

    def _may_be_read(self, oldest: asyncio.Timeout) -> bool:
        """Say whether the answer to the oldest question can still be on its way through the event loop."""
        if self._overdue is not oldest:
            self._overdue, self._turns = oldest, 0
        self._turns += 1
        return self._turns <= _TURNS
