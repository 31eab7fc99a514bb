"""Writes what became of jobs into PostgreSQL, from the stream of events. Any number of stewards share the work."""

import asyncio

import structlog

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.stores.events import Entry, Events
from jobs.stores.jobs import JobStore

_AT_ONCE = 200  # entries, of up to some hundred events each
_WAIT_MS = 1_000
_GATHER_S = 0.2  # what happens to a job within a moment is one change of its row
_TIDY_S = 10.0
_AWAY_S = 0.5

log = structlog.stdlib.get_logger(__name__)


class HistoryWriter:
    """A loop that reads events, writes the rows, and confirms: in this order, so a crash only repeats."""

    def __init__(self, *, events: Events, jobs: JobStore) -> None:
        self._events = events
        self._jobs = jobs
        self._tidied = 0.0
        self._unwritten: list[Entry] = []  # read when a store was away: nobody is given them again for a minute

    async def run(self) -> None:
        """Write until cancelled. Where a store is away, wait for it."""
        opened = False
        while True:
            try:
                if not opened:
                    await self._events.open()
                    opened = True
                await self.step(wait_ms=_WAIT_MS)
            except StoreUnavailableError as error:
                log.warning("history_awaits_store", reason=str(error))
                await asyncio.sleep(_AWAY_S)

    async def step(self, *, wait_ms: int) -> int:
        """Write the next entries, waiting so long for the first; give how many there were."""
        await self._record(self._unwritten)
        entries = await self._events.next(most=_AT_ONCE, wait_ms=wait_ms)
        await self._record(entries)
        now = asyncio.get_running_loop().time()
        if now - self._tidied > _TIDY_S:
            self._tidied = now
            await self._record(await self._events.abandoned(most=_AT_ONCE))
            await self._events.trim()
        elif entries and len(entries) < _AT_ONCE:
            await asyncio.sleep(_GATHER_S)
        return len(entries)

    async def close(self) -> None:
        """Write what there is, and leave the group."""
        try:
            while await self.step(wait_ms=1) == _AT_ONCE:
                pass
            await self._events.leave()
        except StoreUnavailableError as error:
            log.warning("history_left_to_others", reason=str(error))

    async def _record(self, entries: list[Entry]) -> None:
        self._unwritten = entries
        if entries:
            await self._write(b"[%b]" % b",".join(entry.events[1:-1] for entry in entries))
            await self._events.confirm(entries)
        self._unwritten = []

    async def _write(self, events: bytes) -> None:
        """Write all that can be written: one that PostgreSQL refuses must not keep back the others."""
        try:
            await self._jobs.apply(events)
        except StoreUnavailableError:
            raise
        except Exception:
            told: list[dict[str, str]] = codec.loads_plain(events)
            if len(told) > 1:
                middle = len(told) // 2
                await self._write(codec.dumps(told[:middle]))
                await self._write(codec.dumps(told[middle:]))
                return
            # What our own workers tell was cleaned by them.
            cleaned = {name: codec.clean_json(text) for name, text in told[0].items()}
            if cleaned == told[0]:
                log.exception("event_refused", told=cleaned)
            else:
                await self._write(codec.dumps([cleaned]))
