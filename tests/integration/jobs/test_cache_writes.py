"""Writes of what is cached: nothing old is found after one, in any process, whoever dies or is late."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.audit import Actor
from jobs.errors import NotFoundError
from jobs.stores.database import Database
from tests.support.caching import LATER_PRICES, LEAD_S, PRICES, TAG, Prices, prices
from tests.support.conditions import PATIENCE_S, eventually

ADMIN = Actor(name="admin")


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's own."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def two(redis_url: str, database: Database) -> AsyncIterator[Sequence[Prices]]:
    """Give the parts of two processes, of a price that is 1."""
    async with prices(redis_url, database, 2, lead_s=LEAD_S) as made:
        await made[0].set("a", 1)
        yield made


@pytest.fixture
async def alone(redis_url: str, database: Database) -> AsyncIterator[Sequence[Prices]]:
    """Give the same without their loops: where one overlaps a write, a new value may be dropped and asked for again."""
    async with prices(redis_url, database, 2, runs=False, lead_s=LEAD_S) as made:
        await made[0].set("a", 1)
        yield made


async def _value(redis: Redis) -> str:
    """Give the key of the one value that is cached."""
    (name,) = [name async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")]
    return str(name.decode())


async def test_a_write_is_seen_at_once_by_every_process(alone: Sequence[Prices]) -> None:
    """Also in other scopes that depend on what was written; the tag of another scope drops nothing."""
    for price in range(2, 30):
        writer = alone[price % 2]
        await writer.set("a", price)
        assert [await one.of("a") for one in alone] == [price, price]
        assert [await one.later("a") for one in alone] == [(price,), (price,)]
    queries = sum(one.queries for one in alone)
    await alone[0].cache.clear(LATER_PRICES.name, by=ADMIN)
    assert [await one.of("a") for one in alone] == [29, 29]
    assert sum(one.queries for one in alone) == queries
    assert await alone[1].later("a") == (29,)
    assert sum(one.queries for one in alone) == queries + 1


async def test_a_read_that_began_before_a_write_does_not_bring_the_old_value_back(
    alone: Sequence[Prices], redis: Redis
) -> None:
    """It gives the old one to who had asked before; those who ask after the write wait for the new one."""
    one, other = alone
    one.may_end.clear()
    before = asyncio.create_task(one.of("a"))
    await one.began.wait()
    await other.set("a", 2)
    # Less than a leader may hold others up: who asks now does not wait for that one.
    async with asyncio.timeout(PATIENCE_S):
        assert await other.of("a") == 2
    after = asyncio.create_task(one.of("a"))
    one.may_end.set()
    assert (await before, await after) == (1, 2)
    assert (one.queries, other.queries) == (1, 1), "nor is the new one lost by it"
    assert [await one.of("a"), await other.of("a")] == [2, 2]
    assert b"\n2" in (await redis.get(await _value(redis)) or b"")


async def test_a_write_that_fails_changes_and_drops_nothing(two: Sequence[Prices]) -> None:
    """What is cached stays, and is right."""
    one, other = two
    assert await one.of("a") == 1

    async def write() -> None:
        async with other.cache.writing(TAG) as connection:
            await connection.execute("UPDATE prices SET price = 2")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write()
    assert [await one.of("a"), await other.of("a")] == [1, 1]
    assert (one.queries, other.queries) == (1, 0)


async def test_a_writer_that_dies_after_the_commit_is_made_up_for(two: Sequence[Prices], database: Database) -> None:
    """The loop of any process tells Redis within a second or so what PostgreSQL knows."""
    one, other = two
    assert await one.of("a") == 1
    async with database.transaction() as connection:  # all that a writer does up to its death
        await connection.execute("UPDATE prices SET price = 2")
        await connection.execute("UPDATE cache_tags SET version = version + 1 WHERE tag = $1", TAG)

    async def is_seen() -> bool:
        return [await one.of("a"), await other.of("a")] == [2, 2]

    await eventually(is_seen, within_s=5)


async def test_a_writer_that_is_cancelled_after_the_commit_is_made_up_for(
    redis_url: str, database: Database, redis: Redis
) -> None:
    """The process that was written in finds nothing old any more, without Redis' help."""
    async with prices(redis_url, database, 1, runs=False) as (one,):
        await one.set("a", 1)
        assert await one.of("a") == 1
        await redis.client_pause(60_000, all=False)
        try:
            writer = asyncio.create_task(one.set("a", 2))

            async def is_committed() -> bool:
                return bool(await database.fetch("SELECT 1 FROM prices WHERE price = 2"))

            await eventually(is_committed)
            writer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await writer
        finally:
            await redis.client_unpause()
        assert await one.of("a") == 2


async def test_what_redis_lost_is_asked_for_again(two: Sequence[Prices], redis: Redis) -> None:
    """Also a tag alone: a value outlives no mark. What began before the loss is not stored after it."""
    one, other = two
    await one.of("a")
    await redis.delete(keys.CACHE_TAGS)
    assert await other.of("a") == 1
    one.began.clear()
    one.may_end.clear()
    await redis.flushdb()
    before = asyncio.create_task(one.of("a"))
    await one.began.wait()
    await other.set("a", 2)
    await redis.flushdb()
    one.may_end.set()
    assert await before == 1
    assert [await one.of("a"), await other.of("a")] == [2, 2]


async def test_only_what_there_is_can_be_cleared(two: Sequence[Prices], database: Database) -> None:
    """A scope that is cleared is asked for again in every process, and the log says who did it."""
    one, other = two
    await one.of("a")
    await other.cache.clear(PRICES.name, by=ADMIN)
    assert await one.of("a") == 1
    assert one.queries == 2
    with pytest.raises(NotFoundError, match="test-prices"):
        await other.cache.clear("nothing", by=ADMIN)
    entries = await database.fetch("SELECT actor, action, object_id FROM audit")
    assert [tuple(entry) for entry in entries] == [("admin", "cache.clear", PRICES.name)]
