"""Looks at what may not answer: waited for as long as whoever asks has time, and shared by all who ask meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError

Seen = TypeVar("Seen")

_CLOSE_S = 0.5


class Look(Generic[Seen]):
    """A look that is taken anew when its outcome is older than `kept_s` seconds, or was an error.

    One that takes too long is not cancelled, but left to end by itself: PostgreSQL's driver answers a cancellation by
    waiting for a server that hangs. However many ask, there is one at a time.
    """

    def __init__(self, look: Callable[[], Awaitable[Seen]], *, kept_s: float = 0.0) -> None:
        self._look = look
        self._kept_s = kept_s
        self._looking: asyncio.Task[Seen] | None = None
        self._good_until = 0.0

    async def seen(self, *, within_s: float) -> Seen:
        """Give what is seen. Raises StoreUnavailableError where that takes longer, and what the look raises."""
        looking = self._looking
        if looking is None or (looking.done() and asyncio.get_running_loop().time() >= self._good_until):
            looking = self._looking = asyncio.create_task(self._look_anew(), name="look")
            looking.add_done_callback(_heed)
        await asyncio.wait([looking], timeout=within_s)
        if not looking.done():
            raise StoreUnavailableError("no answer in time")
        return looking.result()

    async def close(self) -> None:
        """Give up a look that has not ended."""
        if self._looking is not None:
            await cancel_until_ended([self._looking], again_s=_CLOSE_S)

    async def _look_anew(self) -> Seen:
        self._good_until = 0.0
        seen = await self._look()
        self._good_until = asyncio.get_running_loop().time() + self._kept_s
        return seen


def _heed(looking: "asyncio.Task[Seen]") -> None:
    """Take note of an error that nobody may be waiting for any more."""
    if not looking.cancelled():
        looking.exception()
