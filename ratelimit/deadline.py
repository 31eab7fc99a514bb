"""How long a question may take, by one timer for all that are under way: a timer for each would mostly be in vain."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

Answer = TypeVar("Answer")

# In a busy event loop the time may go by with an answer that nobody has come to read yet. It takes some turns from the
# socket to who asked; where nothing else is to be done they take no time.
_TURNS = 6


class _Wait:
    """Somebody who waits, in his task. `asyncio.timeout` does the same for twice as much a question."""

    __slots__ = ("_cancelled_before", "_is_over", "_task", "ends_at")

    def __init__(self, task: "asyncio.Task[Any]", ends_at: float) -> None:
        self._task = task
        self._cancelled_before = task.cancelling()
        self._is_over = False
        self.ends_at = ends_at

    def end(self) -> None:
        """Let him wait no longer."""
        self._is_over = True
        self._task.cancel()

    def has_missed(self) -> bool:
        """Say whether he was cancelled by `end` alone: who was by others too is to end himself."""
        return self._is_over and self._task.cancelling() == self._cancelled_before + 1

    def close(self) -> None:
        """Take back what `end` has asked of the task."""
        if self._is_over:
            self._task.uncancel()


class Deadline:
    """Lets each question take the same time. Where one takes longer, all end: who does not answer one, answers none."""

    def __init__(self, seconds: float, *, missed: Callable[[], None]) -> None:
        """Call `missed` where a question took too long."""
        self._seconds = seconds
        self._missed = missed
        self._under_way: dict[_Wait, None] = {}  # the oldest first
        self._timer: asyncio.Handle | None = None
        self._overdue: _Wait | None = None
        self._turns = 0

    async def bound(self, question: Awaitable[Answer]) -> Answer:
        """Give the answer; raises TimeoutError where it, or that to another question, is not there in time."""
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        wait = _Wait(task, task.get_loop().time() + self._seconds)
        self._under_way[wait] = None
        if self._timer is None:
            self._look_at(wait.ends_at)
        try:
            return await question
        except asyncio.CancelledError as error:
            if wait.has_missed():
                raise TimeoutError from error
            raise
        finally:
            self._under_way.pop(wait, None)
            wait.close()

    def release(self) -> None:
        """Let nobody wait any longer."""
        under_way, self._under_way = self._under_way, {}
        for wait in under_way:
            wait.end()

    def _look_at(self, moment: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(moment, self._look)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        if not self._under_way:
            return
        oldest = next(iter(self._under_way))
        if oldest.ends_at > loop.time():
            self._look_at(oldest.ends_at)
        elif self._may_be_read(oldest):
            self._timer = loop.call_soon(self._look)
        else:
            self.release()
            self._missed()

    def _may_be_read(self, oldest: _Wait) -> bool:
        """Say whether the answer to the oldest question can still be on its way through the event loop."""
        if self._overdue is not oldest:
            self._overdue, self._turns = oldest, 0
        self._turns += 1
        return self._turns <= _TURNS
