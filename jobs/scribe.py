"""Writes events into PostgreSQL, each as far as it can be written. Where they come from is others' business."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import structlog

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.stores.events import Entry
from jobs.stores.jobs import JobStore
from jobs.stores.queue import MOST_AT_ONCE, Queue

_OF_DATA = frozenset({"21", "22", "23", "54", "P0"})  # classes of SQLSTATE
# Of one statement, unless a single event has more: some 20,000 as scripts tell them, a second's work. At a message of
# 1 GB PostgreSQL cuts the connection.
_MOST_BYTES = 4 << 20
_MOST_LOGGED = 1_000  # letters: PostgreSQL keeps all of it

log = structlog.stdlib.get_logger(__name__)


class Scribe:
    """The one way from events to rows. A repetition changes nothing."""

    def __init__(self, jobs: JobStore, queue: Queue) -> None:
        """Take rows that no event has brought along from the queue, which keeps them."""
        self._jobs = jobs
        self._queue = queue

    async def write(self, entries: Sequence[Entry]) -> AsyncIterator[None]:
        """Write what these entries tell, but for those that cannot be read, as much as goes at once at each step.

        Raises StoreUnavailableError.
        """
        for part in _packed(piece for entry in entries if entry.events for piece in _cut(entry.events)):
            await self._write_part(part)
            yield

    async def write_events(self, events: bytes) -> None:
        """Write all that can be written: one that PostgreSQL refuses must not keep back the others.

        Raises StoreUnavailableError, and ValueError for what is no array of transitions.
        """
        for piece in _cut(events):
            await self._write_piece(piece)

    async def _write_part(self, pieces: list[bytes]) -> None:
        try:
            await self._write_piece(_joined(piece[1:-1] for piece in pieces))
        except ValueError as error:
            if len(pieces) > 1:
                middle = len(pieces) // 2
                await self._write_part(pieces[:middle])
                await self._write_part(pieces[middle:])
            else:
                await self._bury(codec.clean_text(pieces[0].decode(errors="replace")), error)

    async def _write_piece(self, events: bytes) -> None:
        try:
            missing = await self._jobs.apply(events)
        except StoreUnavailableError:
            raise
        except Exception as refusal:
            if not _is_of_one_event(refusal):
                raise StoreUnavailableError(f"PostgreSQL: {refusal}") from refusal
            told = _read(events)
            if len(told) > 1:
                middle = len(told) // 2
                await self._write_piece(codec.dumps(told[:middle]))
                await self._write_piece(codec.dumps(told[middle:]))
                return
            # What our own workers tell was cleaned by them.
            cleaned = {name: codec.clean_json(text) for name, text in told[0].items()}
            if cleaned == told[0]:
                await self._bury(codec.dumps(cleaned).decode(), refusal)
            else:
                await self._write_piece(codec.dumps([cleaned]))
        else:
            for first in range(0, len(missing), MOST_AT_ONCE):
                await self._write_missing(missing[first : first + MOST_AT_ONCE], events)

    async def _write_missing(self, job_ids: Sequence[str], events: bytes) -> None:
        """Write what is told of jobs that PostgreSQL did not take.

        Only the first event of such a job has its row, and another steward may have been given that one.
        """
        rows = await self._queue.unwritten_rows(job_ids)
        told = [event for event in _read(events) if event.get("id") in rows and "row" not in event] if rows else []
        if told:
            await self.write_events(
                codec.dumps([{**event, "row": rows[event["id"]].decode(errors="replace")} for event in told])
            )

    async def _bury(self, told: str, refusal: Exception) -> None:
        log.error("event_refused", told=told[:_MOST_LOGGED], reason=str(refusal))
        await self._jobs.bury_event(told, reason=f"{type(refusal).__name__}: {refusal}")


def _cut(events: bytes) -> Iterator[bytes]:
    """Give arrays that tell the same, none of them too large. What is no array of transitions stays as it is."""
    if len(events) <= _MOST_BYTES:
        yield events
        return
    try:
        told = _read(events)
    except ValueError:
        yield events
        return
    for part in _packed(codec.dumps(event) for event in told):
        yield _joined(part)


def _packed(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Put together what goes at once."""
    part: list[bytes] = []
    size = 0
    for piece in pieces:
        if part and size + len(piece) > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(piece)
        size += len(piece)
    if part:
        yield part


def _joined(events: Iterable[bytes]) -> bytes:
    return b"[%b]" % b",".join(events)


def _read(events: bytes) -> list[dict[str, str]]:
    told = codec.loads_plain(events)
    texts = [text for event in told if isinstance(event, dict) for text in event.values()]
    if not all(isinstance(event, dict) for event in told) or not all(isinstance(text, str) for text in texts):
        raise ValueError("it is no array of transitions")
    return told  # type: ignore[no-any-return]


def _is_of_one_event(refusal: Exception) -> bool:
    """Say whether a refusal is of what was told, not of the database: a table of another release, say, refuses all."""
    state = getattr(refusal, "sqlstate", None)  # None: it was not even sent
    return state is None or state[:2] in _OF_DATA
