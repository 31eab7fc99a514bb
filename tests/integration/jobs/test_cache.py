"""The cache between processes: one query for all, values of every kind, and what is counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.audit import Actor
from jobs.cache.cache import LARGEST_BYTES, Cache, Plan
from jobs.cache.cached import cached
from jobs.cache.counts import Tally
from jobs.stores.database import Database
from tests.support.caching import LATER_PRICES, LEAD_S, PRICES, TAG, TTL_S, Prices, prices
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


async def _value(redis: Redis) -> str:
    """Give the key of the one value that is cached."""
    (name,) = [name async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")]
    return str(name.decode())


async def test_a_value_is_asked_for_once(two: Sequence[Prices]) -> None:
    """By whichever process, and whoever asks."""
    one, other = two
    assert [await one.of("a"), await other.of("a", asked_by=other), await one.of("a", asked_by=one)] == [1, 1, 1]
    assert (one.queries, other.queries) == (1, 0)
    assert await other.of("b") is None
    assert (one.queries, other.queries) == (1, 1)


async def test_two_hundred_readers_of_an_expired_value_cause_one_query(two: Sequence[Prices], redis: Redis) -> None:
    """In two processes, at the same moment, while it takes its time: all of them get it."""
    for one in two:
        await one.of("a")
        assert await one.of("a") == 1
    await redis.pexpire(await _value(redis), 1)

    async def is_gone() -> bool:
        return not await redis.exists(*[name async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")] or ["none"])

    await eventually(is_gone)
    for one in two:
        one.queries = 0
        one.began.clear()
        one.may_end.clear()
    readers = [asyncio.create_task(two[number % 2].of("a")) for number in range(200)]
    await asyncio.wait([asyncio.create_task(one.began.wait()) for one in two], return_when=asyncio.FIRST_COMPLETED)
    late = [asyncio.create_task(two[number % 2].of("a")) for number in range(20)]
    await asyncio.sleep(0)
    for one in two:
        one.may_end.set()
    assert await asyncio.gather(*readers, *late) == [1] * 220
    assert sum(one.queries for one in two) == 1


async def test_nothing_is_a_value_too(two: Sequence[Prices]) -> None:
    """What is not there is looked for once, until it is written."""
    one, other = two
    assert [await one.of("b"), await other.of("b"), await one.of("b")] == [None] * 3
    assert one.queries + other.queries == 1
    await one.set("b", 7)
    assert [await one.of("b"), await other.of("b")] == [7, 7]


async def test_values_expire_at_different_times(redis_url: str, database: Database, redis: Redis) -> None:
    """Up to a tenth earlier than they must, none of them later, so that not all are asked for again together."""
    async with prices(redis_url, database, 1) as (one,):
        for number in range(50):
            await one.of(f"sku{number}")
        names = [name async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")]
        async with redis.pipeline(transaction=True) as pipe:
            for name in names:
                pipe.pttl(name)
            left = await pipe.execute()
    assert len(set(left)) > 40
    assert max(left) - min(left) > TTL_S * 1000 * 0.05
    assert max(left) <= TTL_S * 1000


async def test_the_jitter_is_what_is_drawn(redis_url: str, database: Database, redis: Redis) -> None:
    """Between nine tenths of the time and all of it."""
    async with prices(redis_url, database, 1, uniform=lambda low, high: (low + high) / 2) as (one,):
        await one.of("a")
        assert TTL_S * 950 - 20_000 < await redis.pttl(await _value(redis)) <= TTL_S * 950


async def test_an_error_is_raised_to_all_who_wait_and_not_cached(two: Sequence[Prices], database: Database) -> None:
    """The next one asks again, at once."""
    one, other = two
    await database.execute("ALTER TABLE prices RENAME TO gone")
    outcomes = await asyncio.gather(*(two[number % 2].of("a") for number in range(20)), return_exceptions=True)
    assert {type(outcome).__name__ for outcome in outcomes} == {"UndefinedTableError"}
    await database.execute("ALTER TABLE gone RENAME TO prices")
    async with asyncio.timeout(PATIENCE_S):  # less than a leader may hold others up
        assert [await one.of("a"), await other.of("a")] == [1, 1]


async def test_a_leader_that_is_cancelled_lets_others_go_on(two: Sequence[Prices]) -> None:
    """At once: in its own process, and in others."""
    one, other = two
    one.may_end.clear()
    leader = asyncio.create_task(one.of("a"))
    await one.began.wait()
    waiting = asyncio.create_task(other.of("a"))
    follower = asyncio.create_task(one.of("a"))
    await asyncio.sleep(0)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    one.may_end.set()
    async with asyncio.timeout(PATIENCE_S):  # less than a leader may hold others up
        assert await waiting == 1
        assert await follower == 1
    assert one.queries + other.queries == 2


async def test_a_reader_that_is_cancelled_does_not_take_the_value_from_others(two: Sequence[Prices]) -> None:
    """Who shares its query gets it."""
    one, _ = two
    one.may_end.clear()
    readers = [asyncio.create_task(one.of("a")) for _ in range(3)]
    await one.began.wait()
    readers[0].cancel()
    await asyncio.wait(readers[:1])
    one.may_end.set()
    assert await asyncio.gather(*readers[1:]) == [1, 1]
    assert one.queries == 1


async def test_a_leader_that_hangs_holds_nobody_up_for_long(redis_url: str, database: Database) -> None:
    """After `lead_s` the next reader makes the value, in the other process and in the same one."""
    async with prices(redis_url, database, 2, lead_s=0.5) as (one, other):
        await other.set("a", 1)
        one.may_end.clear()
        hanging = asyncio.create_task(one.of("a"))
        await one.began.wait()
        async with asyncio.timeout(10):
            assert await other.of("a") == 1
            assert await one.of("a") == 1, "found, not waited for"
        assert not hanging.done()
        one.may_end.set()
        assert await hanging == 1
        assert (one.queries, other.queries) == (1, 1)


async def test_a_value_that_cannot_be_read_is_a_miss(two: Sequence[Prices], redis: Redis) -> None:
    """Whoever has written it."""
    one, other = two
    await one.of("a")
    name = await _value(redis)
    marks, _, _ = (await redis.get(name) or b"").partition(b"\n")
    for body in (b"", b"{", b'"text"'):
        await redis.set(name, marks + b"\n" + body, px=60_000)
        assert await other.of("a") == 1
    assert other.queries == 3


async def test_a_value_that_is_large_is_not_stored(redis_url: str, database: Database, redis: Redis) -> None:
    """It is given all the same, and its readers do not wait for one another in vain."""
    async with prices(redis_url, database, 1) as (one,):
        plan: Plan[str] = Plan(scope=PRICES, ttl_s=TTL_S, decode=lambda body: body.decode())

        async def large() -> str:
            return "x" * LARGEST_BYTES

        for _ in range(2):
            assert await one.cache.read(plan, "large", large) == await large()
    assert [name async for name in redis.scan_iter("switchyard:cache:[vf]*")] == []


async def test_everything_but_a_fixed_set_expires(two: Sequence[Prices], redis: Redis) -> None:
    """Whatever is asked for; and what a leader holds is gone when it has ended."""
    for number in range(20):
        await two[number % 2].of(f"sku{number}")
    await two[0].cache.tallies()
    fixed = {keys.CACHE_TAGS, keys.CACHE_COUNTS}
    left = {name.decode() async for name in redis.scan_iter("switchyard:cache:*")} - fixed
    assert len(left) == 20
    assert all(name.startswith(keys.CACHE_VALUE) for name in left)
    assert min([await redis.pttl(name) for name in left]) > 0
    assert set(await redis.hkeys(keys.CACHE_TAGS)) == {name.encode() for name in (PRICES.name, TAG)}  # type: ignore[misc]


async def test_what_all_processes_do_is_counted(two: Sequence[Prices]) -> None:
    """Who shares a query with another is a hit: a miss is a query."""
    one, other = two
    await asyncio.gather(*(one.of("a") for _ in range(10)))
    await asyncio.gather(*(other.of("a") for _ in range(5)))
    await other.later("a")
    await other.cache.tallies()  # stores what is counted
    tallies = await one.cache.tallies()
    assert tallies == {PRICES.name: Tally(hits=14, misses=1, sets=1), LATER_PRICES.name: Tally(misses=1, sets=1)}
    assert tallies[PRICES.name].hit_rate == 14 / 15
    assert Tally().hit_rate is None


def test_a_key_must_be_a_parameter() -> None:
    """A misspelt one would make all values one."""
    with pytest.raises(TypeError, match="has no parameter name"):

        class _Wrong:
            cache: Cache

            @cached(ttl_s=1, key=("name",), scope=PRICES)
            async def of(self, sku: str) -> str:
                return sku
