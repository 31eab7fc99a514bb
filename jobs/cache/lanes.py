"""Lets readers of the same thing in one process share the work. It knows neither Redis nor what the work is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

Value = TypeVar("Value")


class _Flight:
    """Work that several readers wait for. It is open to others until it has begun."""

    def __init__(self, call: Callable[[], Awaitable[Any]], behind: "_Flight | None", *, held_s: float) -> None:
        self.is_open = True
        self.readers = 0
        # It belongs to many readers: it logs under the name of none.
        self.task = asyncio.create_task(self._run(call, behind, held_s), name="cache", context=Context())

    def leave(self) -> None:
        """Take note that a reader has gone; without any the work ends."""
        self.readers -= 1
        if not self.readers and not self.task.done():
            self.is_open = False
            self.task.cancel()

    async def _run(self, call: Callable[[], Awaitable[Any]], behind: "_Flight | None", held_s: float) -> Any:  # noqa: ANN401  what the call gives
        if behind is not None:
            await asyncio.wait([behind.task], timeout=held_s)
        self.is_open = False
        return await call()


class Lanes:
    """Of each thing one call is under way, and one more waits, which whoever comes meanwhile shares.

    Nobody shares what had begun before he came: it may not know what was written since. A call that takes longer than
    `held_s` seconds does not hold up the next any more.
    """

    def __init__(self, *, held_s: float) -> None:
        self._held_s = held_s
        self._last: dict[str, _Flight] = {}

    async def share(self, name: str, call: Callable[[], Awaitable[Value]]) -> Value:
        """Give what `call` gives, or that of another reader of this name, which has not begun yet.

        What the call raises, all who share it get. It is cancelled when all of them are.
        """
        flight = self._last.get(name)
        if flight is None or not flight.is_open:
            flight = self._last[name] = _Flight(call, flight, held_s=self._held_s)
            flight.task.add_done_callback(partial(self._forget, name, flight))
        flight.readers += 1
        try:
            value: Value = await asyncio.shield(flight.task)
        finally:
            flight.leave()
        return value

    def _forget(self, name: str, flight: _Flight, _: object) -> None:
        if self._last.get(name) is flight:
            del self._last[name]
