"""Loops that are to go on, whatever fault breaks one, and when each has last got on. What they do it does not know."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import structlog

from jobs.errors import UnfitRedisError

_AGAIN_S = 1.0

log = structlog.stdlib.get_logger(__name__)


async def go_on(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a loop to its end. One that a fault of ours breaks begins anew: nobody would notice that it is not there.

    Raises UnfitRedisError, which is no fault of ours, and which no further try mends.
    """
    while True:
        try:
            return await run()
        except UnfitRedisError:
            raise
        except Exception:
            log.exception("loop_broke", loop=name)
            await asyncio.sleep(_AGAIN_S)


class Rounds:
    """When a loop last got on. A loop that breaks in each of its rounds does not, however often it begins anew."""

    def __init__(self) -> None:
        self._at: float | None = None
        self.is_broken = False

    @property
    def at(self) -> float | None:
        """Give the moment, by the monotonic clock; None: it has not begun."""
        return self._at

    @contextmanager
    def round(self) -> Iterator[None]:
        """Do a round inside. After one that a fault has broken nothing counts until one has come to its end."""
        self.got_on()
        try:
            yield
        except Exception:
            self.is_broken = True
            raise
        self.is_broken = False

    def got_on(self) -> None:
        """Say that it has, in the middle of a round, perhaps a long one."""
        if self._at is None or not self.is_broken:
            self._at = time.monotonic()
