"""Writes what became of jobs into PostgreSQL, from the stream of events. Any number of stewards share the work."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.loops import Rounds
from jobs.scribe import Scribe
from jobs.stores.events import Entry, Events

_AT_ONCE = 200  # entries, of up to some hundred events each
_LARGE = 64 << 20  # bytes: Redis gives about so many within a second, whatever it does beside
_WAIT_MS = 1_000
_GATHER_S = 0.2  # what happens to a job within a moment is one change of its row
_LOOK_S = 1.0  # for what others were given and have not written
_TIDY_S = 10.0
_GONE_MS = 3_600_000  # an hour: whoever reads does so each second
_AWAY_S = 0.5

log = structlog.stdlib.get_logger(__name__)


class HistoryWriter:
    """A loop that reads events, writes the rows, and confirms: in this order, so a crash only repeats."""

    def __init__(self, *, events: Events, scribe: Scribe) -> None:
        self._events = events
        self._scribe = scribe
        self._looked = 0.0
        self._tidied = 0.0
        self._rounds = Rounds()
        self._most = _AT_ONCE  # fewer where they have large results: Redis would not give them in time
        self._owes = False  # a step was broken off: what it was given is not given to others for a minute

    @property
    def came_round(self) -> float | None:
        """When it last got on, by the monotonic clock: also where a store was away. None: it has not begun."""
        return self._rounds.at

    async def run(self) -> None:
        """Write until cancelled. Where a store is away, wait for it."""
        opened = False
        while True:
            with self._rounds.round():
                try:
                    if not opened:
                        await self._events.open()
                        opened = True
                    await self.step(wait_ms=_WAIT_MS)
                except StoreUnavailableError as error:
                    self._most = max(self._most // 2, 1)
                    log.warning("history_awaits_store", reason=str(error))
                    await asyncio.sleep(_AWAY_S)

    async def step(self, *, wait_ms: int) -> int:
        """Write the next entries, waiting so long for the first; give how many there were."""
        while self._owes and (entries := await self._events.owed(most=self._most)):
            await self._record(entries)
        self._owes = True
        most = self._most
        entries = await self._events.next(most=most, wait_ms=wait_ms)
        await self._record(entries)
        now = asyncio.get_running_loop().time()
        if now - self._looked > _LOOK_S:
            await self._take_over(now)
        self._owes = False
        if now - self._tidied > _TIDY_S:
            self._tidied = now
            await self._events.trim()
            await self._events.dismiss(silent_ms=_GONE_MS)
        elif entries and len(entries) < most:
            await asyncio.sleep(_GATHER_S)
        return len(entries)

    async def finish(self) -> None:
        """Write what there is."""
        try:
            most = self._most
            while await self.step(wait_ms=1) == most:
                most = self._most
        except StoreUnavailableError as error:
            log.warning("history_left_to_others", reason=str(error))

    async def leave(self) -> None:
        """Leave the rest to others, who need not wait for it."""
        try:
            await self._events.leave()
        except StoreUnavailableError as error:
            log.warning("history_left_to_others", reason=str(error))

    async def _take_over(self, now: float) -> None:
        """Write what others have left; where that is much, the next step looks at once for more."""
        most = self._most
        left = await self._events.abandoned(most=most)
        await self._record(left)
        if len(left) < most:
            self._looked = now

    async def _record(self, entries: list[Entry]) -> None:
        if entries:
            size = sum(len(entry.events) for entry in entries)
            fitting = len(entries) * _LARGE // max(size, 1)
            self._most = max(min(fitting, 2 * self._most, _AT_ONCE), 1)
            async for _ in self._scribe.write(entries):
                self._rounds.got_on()
            await self._events.confirm(entries)
