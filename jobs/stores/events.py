"""The stream of transitions that the scripts write, and its one reader group. It knows events, not their meaning."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from jobs import keys
from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_CLAIMED_AGAIN_MS = 60_000
_SHORTEST_MS = 1_000

_DISMISS = Script("dismiss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one script told: a JSON array of transitions, which are confirmed together.

    Each is an object of texts: `id`, `run`, `v` (the version, which rises with each), `state`, `at` (ms), and what goes
    with the state: `try`, `worker`, `fence` (of a start that goes on, of an end that had one), `owner`, `q`, `task`,
    `error` and `result` (JSON in a text), and `row` (the same) of a job that PostgreSQL may not have. One with `over`
    also says how the try of its `fence` ended, by `worker` and `began` (ms), perhaps with a `traceback`.
    """

    id: bytes
    events: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much of the stream stays though it has been written: no more than either. An entry may have 10 KB."""

    ms: int = 600_000
    entries: int = 2_000


class Events:
    """Reads as one of the consumers of the group `history`; each event goes to one of them until it is confirmed."""

    def __init__(self, redis: Redis, *, consumer: str, keep: Keep | None = None) -> None:
        """`redis` must have more patience than `next` waits."""
        self._redis = redis
        self._consumer = consumer
        self._keep = keep or Keep()

    async def open(self) -> None:
        """Make the group, at the stream's begin, unless it is there. Raises StoreUnavailableError."""
        with answering():
            try:
                await self._redis.xgroup_create(keys.EVENTS, keys.HISTORY_GROUP, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    async def next(self, *, most: int, wait_ms: int) -> list[Entry]:
        """Give entries that no consumer has been given, waiting for the first. Raises StoreUnavailableError."""
        return await self._read(">", most, wait_ms)

    async def owed(self, *, most: int) -> list[Entry]:
        """Give entries that this consumer was given and has not confirmed: some answer got lost."""
        return await self._read("0", most, None)

    async def _read(self, start: str, most: int, wait_ms: int | None) -> list[Entry]:
        with answering():
            try:
                found = await self._redis.xreadgroup(
                    keys.HISTORY_GROUP, self._consumer, {keys.EVENTS: start}, count=most, block=wait_ms
                )
            except ResponseError as error:
                if not str(error).startswith("NOGROUP"):
                    raise
                await self.open()  # Redis has lost everything; what was written since is read from the begin
                return []
        return [Entry(id=entry, events=_told(fields)) for _, entries in found for entry, fields in entries if fields]

    async def abandoned(self, *, most: int, idle_ms: int = _CLAIMED_AGAIN_MS) -> list[Entry]:
        """Give entries that a consumer was given so long ago and has not confirmed: it is dead."""
        async with self._there():
            _, entries, *_ = await self._redis.xautoclaim(
                keys.EVENTS, keys.HISTORY_GROUP, self._consumer, min_idle_time=idle_ms, count=most
            )
        return [Entry(id=entry, events=_told(fields)) for entry, fields in entries if entry and fields]

    async def confirm(self, entries: list[Entry]) -> None:
        """Tell that these are written for good."""
        with answering():
            await self._redis.xack(keys.EVENTS, keys.HISTORY_GROUP, *(entry.id for entry in entries))

    async def complete_until_ms(self) -> int:
        """Give the time, in ms by Redis' clock, up to which every event has been confirmed."""
        async with self._there():
            try:
                read = await self._read_id()
            except ResponseError:  # there is no stream, or nobody has read it yet: nothing has been told at all
                await self.open()
                read = b"0-0"
            # In this order, as in `trim`; the clock first of all.
            seconds, micros = await self._redis.time()
            last = (await self._redis.xinfo_stream(keys.EVENTS))["last-generated-id"]
            pending = await self._redis.xpending(keys.EVENTS, keys.HISTORY_GROUP)
        if last == read and not pending["min"]:
            return int(seconds) * 1000 + int(micros) // 1000
        return max(min(_place(pending["min"] or read), _place(read))[0], 1)  # 0 would say that the jobs are new

    async def has_confirmed(self, entry: bytes) -> bool:
        """Say whether all entries up to this one have been confirmed."""
        async with self._there():
            read = await self._read_id()
            # In this order, as in `trim`.
            pending = await self._redis.xpending(keys.EVENTS, keys.HISTORY_GROUP)
        return _place(read) >= _place(entry) and (not pending["min"] or _place(pending["min"]) > _place(entry))

    async def after(self, entry: bytes, *, most: int) -> list[Entry]:
        """Give the entries after this one, whoever has read them before; nobody confirms them."""
        with answering():
            found = await self._redis.xrange(keys.EVENTS, min=f"({entry.decode()}", count=most)
        return [Entry(id=place, events=_told(fields)) for place, fields in found]

    async def behind_s(self) -> float:
        """Give how old the oldest event is that has not been confirmed, in seconds; 0 where all are."""
        with answering():
            try:
                read = await self._read_id()
                last = (await self._redis.xinfo_stream(keys.EVENTS))["last-generated-id"]
                waiting = await self._redis.xrange(keys.EVENTS, min=f"({read.decode()}", count=1)
                pending = await self._redis.xpending(keys.EVENTS, keys.HISTORY_GROUP)
            except ResponseError:  # nothing has been told yet
                return 0.0
            seconds, micros = await self._redis.time()
        open_ones = [*([entry for entry, _ in waiting] if last != read else []), *filter(None, [pending["min"]])]
        if not open_ones:
            return 0.0
        return max(int(seconds) + int(micros) / 1e6 - min(map(_place, open_ones))[0] / 1000, 0.0)

    async def trim(self) -> None:
        """Drop what all consumers have confirmed and is old.

        What is younger is kept for a PostgreSQL that comes back without its last minutes: up to ten minutes, less where
        that would be much.
        """
        async with self._there():
            read = await self._read_id()
            # In this order: what was given out up to `read` and is not confirmed now is pending now.
            pending = await self._redis.xpending(keys.EVENTS, keys.HISTORY_GROUP)
            confirmed = min(pending["min"] or read, read, key=_place)
            seconds, _ = await self._redis.time()
            age_ms = self._keep.ms
            while True:
                until = min(confirmed, b"%d-0" % (int(seconds) * 1000 + 1000 - age_ms), key=_place)
                await self._redis.xtrim(keys.EVENTS, minid=until.decode(), approximate=False)
                if age_ms < _SHORTEST_MS or await self._redis.xlen(keys.EVENTS) <= self._keep.entries:
                    return
                age_ms //= 2

    async def dismiss(self, *, silent_ms: int) -> None:
        """Take consumers out of the group that were killed so long ago; what one was given others must have had first.

        One that lives, and is taken for dead, comes back by its next read.
        """
        with answering():
            await _DISMISS.run(self._redis, silent_ms)

    async def leave(self) -> None:
        """Take this consumer out of the group; what it was given and has not confirmed is anybody's at once."""
        async with self._there():
            consumers = await self._redis.xinfo_consumers(keys.EVENTS, keys.HISTORY_GROUP)
            pending = [one["pending"] for one in consumers if one["name"].decode() == self._consumer]
            if pending == [0]:
                await self._redis.xgroup_delconsumer(keys.EVENTS, keys.HISTORY_GROUP, self._consumer)
            elif pending:
                await self._let_go(pending[0])

    async def _let_go(self, amount: int) -> None:
        """Let entries look as if they had been given out so long ago that others take them over."""
        mine: list[Any] = await self._redis.xpending_range(
            keys.EVENTS, keys.HISTORY_GROUP, min="-", max="+", count=amount, consumername=self._consumer
        )
        ids = [one["message_id"] for one in mine]
        claim: Any = self._redis.xclaim  # its annotations want more than it takes
        await claim(keys.EVENTS, keys.HISTORY_GROUP, self._consumer, 0, ids, idle=_CLAIMED_AGAIN_MS, justid=True)

    @asynccontextmanager
    async def _there(self) -> AsyncIterator[None]:
        """Take a stream or a group that is gone for what it is: Redis has lost everything, and another try may do."""
        with answering():
            try:
                yield
            except ResponseError as error:
                if not str(error).startswith("NOGROUP") and "no such key" not in str(error):
                    raise
                await self.open()
                raise StoreUnavailableError("Redis: it has lost the events") from error

    async def _read_id(self) -> bytes:
        """Give the last entry that any consumer was given."""
        groups = await self._redis.xinfo_groups(keys.EVENTS)
        ids = [group["last-delivered-id"] for group in groups if group["name"] == keys.HISTORY_GROUP.encode()]
        return ids[0] if ids else b"0-0"


def _told(fields: dict[bytes, bytes]) -> bytes:
    """Give what an entry tells; nothing where it is none of ours."""
    return fields.get(b"events", b"")


def _place(entry: bytes) -> tuple[int, int]:
    ms, _, number = entry.partition(b"-")
    return int(ms), int(number)
