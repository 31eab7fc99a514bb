"""Follows the stream of events and that of progress at their ends, for who shows them. It confirms nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from jobs import codec, keys
from jobs.change import NOWHERE, Change, Place
from jobs.stores.redis import answering

_AT_ONCE = 200  # entries
_OWNER = "o"

Found = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TailEntry:
    """What one script told, or one report of progress."""

    place: Place
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What came after a place. It is not `whole` where that entry is gone: then others between may be too."""

    whole: bool
    events: Sequence[TailEntry]
    progress: Sequence[TailEntry]


class Tail:
    """All calls raise StoreUnavailableError, and go over one connection as long as one at a time is awaited."""

    def __init__(self, redis: Redis) -> None:
        """`redis` must have more patience than `read` waits."""
        self._redis = redis

    async def last(self, most: int) -> list[TailEntry]:
        """Give the last entries of the stream of events, oldest first."""
        with answering():
            found: Found = await self._redis.xrevrange(keys.EVENTS, count=most)
        return [_of_events(*entry) for entry in reversed(found)]

    async def last_progress(self) -> Place:
        """Give the place of the last report of progress."""
        with answering():
            found: Found = await self._redis.xrevrange(keys.PROGRESS, count=1)
        return Place.of(found[0][0]) if found else NOWHERE

    async def read(self, events: Place, progress: Place, *, wait_ms: int) -> News:
        """Give what comes after these places, waiting so long for it."""
        streams: Any = {keys.EVENTS: str(events), keys.PROGRESS: str(progress)}
        with answering():
            # The second is answered after the first has come to its end, with whatever has happened meanwhile.
            pipe = self._redis.pipeline(transaction=False)
            pipe.xread(streams, count=_AT_ONCE, block=wait_ms)
            pipe.xrange(keys.EVENTS, min=str(events), max=str(events))
            answer, there = await pipe.execute()
        found: dict[bytes, Found] = dict(answer or ())
        return News(
            whole=bool(there) or events == NOWHERE,
            events=[_of_events(*entry) for entry in found.get(keys.EVENTS.encode(), ())],
            progress=[_of_progress(*entry) for entry in found.get(keys.PROGRESS.encode(), ())],
        )

    async def owners(self, job_ids: Sequence[str]) -> list[str | None]:
        """Give whose these jobs are, as far as they have not ended."""
        with answering():
            pipe = self._redis.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.hget(keys.job(job_id), _OWNER)
            found = await pipe.execute(raise_on_error=False)
        return [owner.decode() if isinstance(owner, bytes) else None for owner in found]


class Backlog:
    """Reads the stream of events again. It takes any connection."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def last(self) -> Place:
        """Give the place of the last entry."""
        with answering():
            found: Found = await self._redis.xrevrange(keys.EVENTS, count=1)
        return Place.of(found[0][0]) if found else NOWHERE

    async def since(self, place: Place, *, until: Place, most: int) -> list[TailEntry] | None:
        """Give the entries from this one to that, both included; None where the first is gone, or they have more bytes.

        Entries go in the order in which they came: what came after one that is there is there too.
        """
        found: list[TailEntry] = []
        size, after = 0, str(place)
        while True:
            with answering():
                page: Found = await self._redis.xrange(keys.EVENTS, min=after, max=str(until), count=_AT_ONCE)
            found += [_of_events(*entry) for entry in page]
            size += sum(len(fields.get(b"events", b"")) for _, fields in page)
            if not found or found[0].place != place or size > most:
                return None
            if len(page) < _AT_ONCE:
                return found
            after = f"({found[-1].place}"


def _of_events(entry: bytes, fields: dict[bytes, bytes]) -> TailEntry:
    """Read an entry; what is no event of ours in it tells nothing, and stops nobody."""
    place = Place.of(entry)
    try:
        told = codec.loads_plain(fields.get(b"events", b"[]"))
    except ValueError:
        told = []
    events: list[dict[str, str]] = told if isinstance(told, list) else []
    changes = (Change.of(place, index, event) for index, event in enumerate(events))
    return TailEntry(place=place, changes=[change for change in changes if change is not None])


def _of_progress(entry: bytes, fields: dict[bytes, bytes]) -> TailEntry:
    place = Place.of(entry)
    told = {name.decode(): value.decode() for name, value in fields.items()}
    return TailEntry(place=place, changes=[Change.of_progress(place, told)])
