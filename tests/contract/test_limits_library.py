"""What our storages need of `limits`, much of it undocumented, and what they give to those who know `limits`."""

from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import pytest
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from ratelimit.bucket import BucketRequest, Limit
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import TokenBucketRedisStorage
from ratelimit.strategy import TokenBucketRateLimiter
from tests.support.hitting import PATIENCE_S


def _bucket_url(redis_url: str) -> str:
    return redis_url.replace("unix", "async+redis+unix+bucket", 1)


def test_the_bridge_is_there() -> None:
    """It is not documented: a major version may drop it."""
    assert version("limits").split(".")[0] == "5"
    storage: Any = RedisStorage("async+redis://localhost:6379", implementation="redispy")
    script = storage.bridge.get_connection().register_script("return 1")
    assert len(script.sha) == 40
    assert script.script == "return 1"


async def test_the_schemes_are_known(redis_url: str) -> None:
    """`limits` makes our storages from their addresses."""
    memory = storage_from_string("async+memory+bucket://")
    redis = storage_from_string(_bucket_url(redis_url), patience_s=PATIENCE_S)
    assert isinstance(memory, TokenBucketMemoryStorage)
    assert isinstance(redis, TokenBucketRedisStorage)
    assert await redis.check()
    await redis.aclose()


@pytest.fixture(params=["redis", "memory"])
async def storage(
    request: pytest.FixtureRequest, redis_url: str
) -> AsyncIterator[TokenBucketMemoryStorage | TokenBucketRedisStorage]:
    """Give full buckets."""
    if request.param == "memory":
        yield TokenBucketMemoryStorage()
        return
    redis = TokenBucketRedisStorage(_bucket_url(redis_url), patience_s=PATIENCE_S)
    yield redis
    await redis.aclose()


async def test_the_strategy_has_the_verbs_of_limits(
    storage: TokenBucketMemoryStorage | TokenBucketRedisStorage,
) -> None:
    """With costs."""
    limiter, item = TokenBucketRateLimiter(storage), RateLimitItemPerMinute(5)
    assert await limiter.hit(item, "user", "4", cost=3)
    assert await limiter.test(item, "user", "4", cost=2)
    assert not await limiter.test(item, "user", "4", cost=3)
    assert not await limiter.hit(item, "user", "4", cost=3)
    assert await limiter.hit(item, "user/4")
    assert (await limiter.get_window_stats(item, "user", "4")).remaining == 2
    assert (await limiter.get_window_stats(RateLimitItemPerMinute(6), "user", "4")).remaining == 6
    await limiter.clear(item, "user", "4")
    assert (await limiter.get_window_stats(item, "user", "4")).remaining == 5


async def test_other_strategies_have_other_keys(redis_url: str) -> None:
    """On the same storage and the same item."""
    storage = TokenBucketRedisStorage(_bucket_url(redis_url), patience_s=PATIENCE_S)
    item = RateLimitItemPerMinute(2)
    buckets, windows = TokenBucketRateLimiter(storage), FixedWindowRateLimiter(storage)
    assert [await buckets.hit(item, "a"), await windows.hit(item, "a")] == [True, True]
    assert [await buckets.hit(item, "a"), await windows.hit(item, "a")] == [True, True]
    assert [await buckets.hit(item, "a"), await windows.hit(item, "a")] == [False, False]
    await storage.aclose()


async def test_memory_counts_no_windows() -> None:
    """It says what to use instead."""
    with pytest.raises(NotImplementedError, match="TokenBucketRateLimiter"):
        await FixedWindowRateLimiter(TokenBucketMemoryStorage()).hit(RateLimitItemPerMinute(2))


def test_a_storage_without_buckets_is_refused() -> None:
    """As the strategies of `limits` refuse one."""
    with pytest.raises(NotImplementedError, match="MemoryStorage"):
        TokenBucketRateLimiter(MemoryStorage())


async def test_errors_are_wrapped_where_that_is_wanted() -> None:
    """As `limits` does."""
    storage = TokenBucketRedisStorage("async+redis+unix+bucket:///nowhere.sock", wrap_exceptions=True)
    request = BucketRequest(policy="p", key="a", limit=Limit(amount=1, period_s=1, burst=1))
    with pytest.raises(StorageError):
        await storage.acquire(request)


def test_its_notation_is_left_alone() -> None:
    """`parse` gives the items of `limits`, whatever we have imported."""
    assert type(parse("5/second")) is RateLimitItemPerSecond
