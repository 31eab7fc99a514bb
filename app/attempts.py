"""Slows down who guesses passwords: the more attempts under a name, the longer until the next one.

Names are counted alike whether there are such users or not. While Redis is away each process counts for itself.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from app.stores.attempts import AttemptStore
from jobs.errors import StoreUnavailableError

FREE = 5  # attempts before there is a pause at all
LONGEST_S = 60.0  # so long may others keep somebody out by guessing under his name; his API keys work all the same
FORGET_S = 900.0

_PATIENCE_S = 0.5
_MOST = 10_000  # names that a process remembers itself

log = structlog.stdlib.get_logger(__name__)


def pause_s(count: int) -> float:
    """Give how long to wait after so many attempts: 1 s after the fifth, then twice as long each time."""
    return 0.0 if count < FREE else min(2.0 ** min(count - FREE, 30), LONGEST_S)


class Attempts:
    """Counts attempts to log in, by the name under which they are made."""

    def __init__(self, store: AttemptStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._counted: dict[str, tuple[int, float]] = {}  # name -> count, time of the latest; the oldest first

    async def begin(self, username: str) -> float:
        """Count an attempt; give the seconds still to wait where it must not be made yet, and was not counted."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                wait_ms = await self._store.begin(
                    username, free=FREE, longest_ms=round(LONGEST_S * 1000), forget_ms=round(FORGET_S * 1000)
                )
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("attempts_counted_here", reason=str(error))
            return self._begin_here(username)
        return wait_ms / 1000

    async def forget(self, username: str) -> None:
        """Forget what was counted: it was he."""
        self._counted.pop(username, None)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.forget(username)
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("attempts_not_forgotten", reason=str(error))

    def _begin_here(self, username: str) -> float:
        now = self._clock()
        count, latest = self._counted.get(username, (0, now))
        if now - latest > FORGET_S:
            count = 0
        wait_s = latest + pause_s(count) - now
        if wait_s > 0:
            return wait_s
        self._counted.pop(username, None)
        if len(self._counted) >= _MOST:
            del self._counted[next(iter(self._counted))]
        self._counted[username] = (count + 1, now)
        return 0.0
