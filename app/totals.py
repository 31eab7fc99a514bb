"""When one who follows a batch is told how it does as a whole: soon after a change, seldom while nothing happens."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from jobs.batch import Batch
from jobs.change import Place
from jobs.errors import StoreUnavailableError

_SOON_S = 0.5  # about what the history takes; many who follow are told by one query
_SELDOM_S = 15.0


class Totals:
    """What was shown last of a batch, and when to look again.

    The history that the totals are of runs behind the events, and PostgreSQL tells nobody when it has caught up: after
    a change they are looked at again and again, each time after twice as long.
    """

    def __init__(self, find: Callable[[], Awaitable[Batch | None]], newest: Callable[[], Awaitable[Place]]) -> None:
        """Take what finds the batch, and what gives the place of the last event that there is."""
        self._find = find
        self._newest = newest
        self._shown: Batch | None = None
        self._wait_s = _SOON_S
        self._look_at = 0.0
        self._end: tuple[datetime, Place] | None = None

    @property
    def within_s(self) -> float:
        """In how many seconds to look."""
        return max(self._look_at - _now(), 0.0)

    def have_been_shown(self, batch: Batch) -> bool:
        """Say whether the client has just this."""
        return batch == self._shown

    def show(self, batch: Batch) -> None:
        """Take note of what the client is shown."""
        self._shown = batch

    def stir(self) -> None:
        """Take note that something has happened to a job of the batch."""
        self._wait_s = _SOON_S
        self._look_at = min(self._look_at, _now() + _SOON_S)

    async def look(self) -> tuple[Batch, Place | None] | None:
        """Give the batch where that is due and not what was shown; and if it has ended, the place of its last event.

        Whoever has not been told all up to that place must not be told of the end.
        """
        if self.within_s:
            return None
        try:
            batch = await self._find()
            end = None if batch is None or batch.finished_at is None else await self._place_of(batch.finished_at)
        except StoreUnavailableError:
            batch = end = None
        self._look_at = _now() + self._wait_s
        self._wait_s = min(2 * self._wait_s, _SELDOM_S)
        return None if batch is None or (batch == self._shown and end is None) else (batch, end)

    async def _place_of(self, finished_at: datetime) -> Place:
        """Give a place that is after all that has led to this end: the last that there was when the end was seen."""
        if self._end is None or self._end[0] != finished_at:
            self._end = finished_at, await self._newest()
        return self._end[1]


def _now() -> float:
    return asyncio.get_running_loop().time()
