"""Writes events into PostgreSQL, each as far as it can be written. Where they come from is others' business."""

from collections.abc import Iterable

import structlog

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.stores.events import Entry
from jobs.stores.jobs import JobStore

_OF_DATA = frozenset({"21", "22", "23", "54", "P0"})  # classes of SQLSTATE

log = structlog.stdlib.get_logger(__name__)


class Scribe:
    """The one way from events to rows. A repetition changes nothing."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    async def write(self, entries: Iterable[Entry]) -> None:
        """Write what these entries tell. Raises StoreUnavailableError."""
        await self.write_events(b"[%b]" % b",".join(entry.events[1:-1] for entry in entries))

    async def write_events(self, events: bytes) -> None:
        """Write all that can be written: one that PostgreSQL refuses must not keep back the others."""
        try:
            await self._jobs.apply(events)
        except StoreUnavailableError:
            raise
        except Exception as refusal:
            if not _is_of_one_event(refusal):
                raise StoreUnavailableError(f"PostgreSQL: {refusal}") from refusal
            told: list[dict[str, str]] = codec.loads_plain(events)
            if len(told) > 1:
                middle = len(told) // 2
                await self.write_events(codec.dumps(told[:middle]))
                await self.write_events(codec.dumps(told[middle:]))
                return
            # What our own workers tell was cleaned by them.
            cleaned = {name: codec.clean_json(text) for name, text in told[0].items()}
            if cleaned == told[0]:
                await self._bury(cleaned, refusal)
            else:
                await self.write_events(codec.dumps([cleaned]))

    async def _bury(self, event: dict[str, str], refusal: Exception) -> None:
        log.error("event_refused", told=event, reason=str(refusal))
        await self._jobs.bury_event(codec.dumps(event).decode(), reason=f"{type(refusal).__name__}: {refusal}")


def _is_of_one_event(refusal: Exception) -> bool:
    """Say whether a refusal is of what was told, not of the database: a table of another release, say, refuses all."""
    state = getattr(refusal, "sqlstate", None)  # None: it was not even sent
    return state is None or state[:2] in _OF_DATA
