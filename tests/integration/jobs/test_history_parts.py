"""A history with large results or many events: it is written in parts that PostgreSQL takes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from jobs import codec, history, keys, scribe
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError
from jobs.history import HistoryWriter
from jobs.scribe import Scribe
from jobs.stores.database import Database
from jobs.stores.events import Entry, Events
from jobs.stores.jobs import JobStore
from jobs.stores.redis import connect_redis
from tests.support.accepted import accepted
from tests.support.both import both_of, write_history
from tests.support.conditions import eventually

_TOLD = {"run": "1", "v": "100", "at": "1764000000000", "state": "succeeded", "try": "1"}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    client = connect_redis(redis_url, patience_s=10)
    yield client
    await client.aclose(close_connection_pool=True)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Give the bytes and the events of each statement."""
    monkeypatch.setattr(scribe, "_MOST_BYTES", 2_000)
    apply, sizes = JobStore.apply, list[tuple[int, int]]()

    async def applied(jobs: JobStore, events: bytes) -> list[str]:
        sizes.append((len(events), len(codec.loads_plain(events))))
        return await apply(jobs, events)

    monkeypatch.setattr(JobStore, "apply", applied)
    return sizes


async def _ends(database: Database, amount: int, *, letters: int) -> list[dict[str, str]]:
    """Accept jobs; give events that tell of results of so many letters."""
    result = codec.dumps("x" * letters).decode()
    return [{"id": job_id, **_TOLD, "result": result} for job_id in await accepted(database, amount)]


async def _letters(database: Database) -> list[int]:
    """Give how much of a result each of the ended jobs has."""
    rows = await database.fetch("SELECT length(result #>> '{}') AS letters FROM jobs WHERE state = 'succeeded'")
    return sorted(row["letters"] for row in rows)


async def test_each_is_one_that_postgresql_takes(
    redis: Redis, database: Database, sizes: list[tuple[int, int]]
) -> None:
    """However the events are spread over entries; one that is larger by itself goes alone."""
    large = await _ends(database, 24, letters=500)
    huge = await _ends(database, 1, letters=5_000)
    for told in (*([event] for event in large[:12]), large[12:], huge):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps(told)})
    await write_history(both_of(database, redis))
    assert await _letters(database) == [500] * 24 + [5_000]
    assert all(size < 2_100 or amount == 1 for size, amount in sizes)
    assert len(sizes) < 24


async def test_what_a_look_finds_is_written_so_too(
    redis: Redis, database: Database, sizes: list[tuple[int, int]]
) -> None:
    """It may have as many results, and as large ones, as entries have."""
    both = both_of(database, redis)
    await Scribe(both.jobs, both.queue).write_events(codec.dumps(await _ends(database, 20, letters=500)))
    assert await _letters(database) == [500] * 20
    assert max(size for size, _ in sizes) < 2_100


async def test_what_is_large_and_no_event_keeps_nothing_back(
    redis: Redis, database: Database, sizes: list[tuple[int, int]]
) -> None:
    """It is put aside as a whole."""
    for odd in (b"[" + b"1," * 2_000 + b"1]", b'{"a":"' + b"x" * 3_000 + b'"}', b"[" + b"x" * 3_000 + b"]"):
        await redis.xadd(keys.EVENTS, {"events": odd})
    await redis.xadd(keys.EVENTS, {"events": codec.dumps(await _ends(database, 1, letters=5))})
    await write_history(both_of(database, redis))
    assert await _letters(database) == [5]
    assert len(await database.fetch("SELECT FROM dead_events")) == 3
    assert sizes


async def test_fewer_are_read_at_once_where_they_are_large(
    redis: Redis, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis could not give many of them in time, and they would be asked for again and again."""
    monkeypatch.setattr(history, "_LARGE", 10_000)
    read, asked = Events.next, list[int]()

    async def next_ones(events: Events, *, most: int, wait_ms: int) -> list[Entry]:
        asked.append(most)
        if most > 100:
            raise StoreUnavailableError("Redis: no answer in time")
        return await read(events, most=most, wait_ms=wait_ms)

    monkeypatch.setattr(Events, "next", next_ones)
    for event in await _ends(database, 150, letters=1_000):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps([event])})
    both = both_of(database, redis)
    writer = HistoryWriter(events=both.events, scribe=Scribe(both.jobs, both.queue))

    async def all_are_written() -> bool:
        return await _letters(database) == [1_000] * 150

    writing = asyncio.create_task(writer.run())
    try:
        await eventually(all_are_written)
    finally:
        await cancel_until_ended([writing], again_s=0.5)
    assert asked[:4] == [200, 100, 8, 8]
