"""The cache when Redis, or who makes a value, is gone: a miss at once, and nothing old when all is well again."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import demoted, filled, hung, killed, stopped
from tests.support.caching import PRICES, prices
from tests.support.conditions import eventually
from tests.support.processes import ROOT
from tests.support.servers import Servers

_PATIENCE_S = 0.25
_LEAD_S = 5.0  # longer than a busy machine holds up who has just begun
_MANY = 100
_BUSY_S = 5.0  # what a busy machine may take beside

Outage = Callable[..., AbstractAsyncContextManager[None]]


@pytest.mark.parametrize("outage", [stopped, killed, hung, filled, demoted])
async def test_without_redis_each_read_is_a_miss_that_answers_at_once(
    servers: Servers, redis_url: str, database: Database, outage: Outage
) -> None:
    """Only the first waits for Redis, no longer than may be; many at once are few queries; it is used again after."""
    async with prices(redis_url, database, 1, patience_s=_PATIENCE_S) as (one,):
        await one.set("a", 1)
        async with outage(servers.redis):
            began = time.monotonic()
            assert await one.of("new") is None
            assert time.monotonic() - began < _PATIENCE_S + _BUSY_S
            one.queries = 0
            assert await asyncio.gather(*(one.of("new") for _ in range(100))) == [None] * 100
            assert time.monotonic() - began < 2 * (_PATIENCE_S + _BUSY_S)
            assert one.queries == 1
            for number in range(_MANY):
                await one.of(str(number))
            assert time.monotonic() - began < _MANY * _PATIENCE_S

        async def is_cached() -> bool:
            one.queries = 0
            await one.of("new")
            return not one.queries

        await eventually(is_cached)
        tallies = await one.cache.tallies()
        assert tallies[PRICES.name].errors > 0


@pytest.mark.parametrize("outage", [stopped, hung, filled, demoted])
async def test_a_write_without_redis_is_seen_when_it_is_back(
    servers: Servers, redis_url: str, database: Database, outage: Outage
) -> None:
    """At once by who has written and by who has noticed; by others a moment after Redis answers."""
    async with prices(redis_url, database, 2, patience_s=_PATIENCE_S) as (one, other):
        await one.set("a", 1)

        async def is_cached() -> bool:
            other.queries = 0
            return await other.of("a") == 1 and not other.queries

        await eventually(is_cached)
        async with outage(servers.redis):
            began = time.monotonic()
            await one.set("a", 2)
            assert time.monotonic() - began < 10
            assert await one.of("a") == 2
        assert await one.of("a") == 2

        async def is_seen() -> bool:
            return await other.of("a") == 2

        await eventually(is_seen, within_s=10)
        for _ in range(20):
            assert [await one.of("a"), await other.of("a")] == [2, 2]


async def test_who_has_missed_redis_trusts_it_when_it_was_told_what_it_has_missed(
    servers: Servers, redis_url: str, database: Database
) -> None:
    """Not when it is merely there again, with the values of before."""
    async with prices(redis_url, database, 2, runs=False) as (one, other):
        await one.set("a", 1)
        assert await other.of("a") == 1
        async with stopped(servers.redis):
            assert await other.of("b") is None
            await one.set("a", 2)
            assert not await other.cache.mend()
        async with Redis.from_url(redis_url) as redis:
            assert [name async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")] != [], "it has the former value"
        assert [await one.of("a"), await other.of("a")] == [2, 2]
        assert await other.cache.mend()
        assert await one.cache.mend()
        queries = one.queries + other.queries
        assert [await one.of("a"), await other.of("a")] == [2, 2]
        assert one.queries + other.queries == queries + 1


async def test_a_redis_that_takes_no_writes_is_found_out_by_others(
    servers: Servers, redis_url: str, database: Database
) -> None:
    """It still gives the former value to who asks; a second later nobody does."""
    async with prices(redis_url, database, 2) as (one, other):
        await one.set("a", 1)
        assert await other.of("a") == 1
        async with demoted(servers.redis):
            await one.set("a", 2)
            assert await one.of("a") == 2

            async def is_seen() -> bool:
                return await other.of("a") == 2

            await eventually(is_seen)
            assert await other.of("a") == 2


async def test_a_redis_that_is_full_still_hears_of_writes(servers: Servers, redis_url: str, database: Database) -> None:
    """What it has is found meanwhile, and what was written is found no more, at once by every process."""
    async with prices(redis_url, database, 2) as (one, other):
        await one.set("a", 1)
        assert [await one.of("a"), await other.of("a")] == [1, 1]
        async with filled(servers.redis):
            assert other.queries == 0
            assert await other.of("a") == 1
            assert other.queries == 0
            await one.set("a", 2)
            assert [await other.of("a"), await one.of("a")] == [2, 2]


@asynccontextmanager
async def _leader(redis_url: str, database_url: str, sku: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a process that makes a price, until the end; it has begun."""
    arguments = ("-m", "tests.support.cache_leader", redis_url, database_url, sku, str(_LEAD_S))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"leads\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_leader_that_is_killed_holds_others_up_no_longer_than_it_may(
    redis_url: str, database_url: str, database: Database
) -> None:
    """All who wait get the value of one query."""
    async with prices(redis_url, database, 2, lead_s=_LEAD_S) as (one, other), Redis.from_url(redis_url) as redis:
        await one.set("a", 1)
        async with _leader(redis_url, database_url, "a") as leader:
            assert [name async for name in redis.scan_iter(f"{keys.CACHE_FLIGHT}*")] != []
            leader.kill()
            began = time.monotonic()
            readers = [(one, other)[number % 2].of("a") for number in range(100)]
            assert await asyncio.gather(*readers) == [1] * 100
            assert time.monotonic() - began < _LEAD_S + _BUSY_S
        assert one.queries + other.queries == 1
