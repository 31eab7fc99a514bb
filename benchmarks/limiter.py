"""A decision over three token buckets, beside a PING and beside the strategies of `limits`, in one process."""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import (
    FixedWindowRateLimiter,
    MovingWindowRateLimiter,
    RateLimiter,
    SlidingWindowCounterRateLimiter,
)

from benchmarks.measure import progress, table
from deploy.local.redis import RedisServer
from jobs.stores.redis import connect_redis
from ratelimit.bucket import BucketRequest, Buckets, Limit
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import TokenBucketRedisStorage

ROUNDS = 5

_AMOUNT = 100_000  # a minute: nobody is refused while it is measured
_LIMIT = Limit(amount=_AMOUNT, period_s=60, burst=_AMOUNT)
_KEYS = 1_000
_ALONE = 500  # calls one after the other
_CROWD, _CROWD_CALLS = 100, 2_000  # so many at once, so many in all
_PING, _OURS = "PING", "three buckets, one decision"
_SIZES = (100, 1_000, 10_000, 100_000)
_HITS = 5_000

Act = Callable[[int], Awaitable[object]]


def main(_: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share; it changes nothing here
    """Measure all in turn, and print tables of medians."""
    with (
        tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder,
        RedisServer(Path(folder) / "redis", durable=True) as redis,
    ):
        uvloop.run(_measure(redis.url))


async def _measure(url: str) -> None:
    redis: Any = connect_redis(url, patience_s=1.0, retries=0)
    storage = TokenBucketRedisStorage.on(redis)
    theirs = RedisStorage(url.replace("unix", "async+redis+unix", 1), implementation="redispy")
    acts: dict[str, Act] = {
        _PING: lambda _: redis.ping(),
        _OURS: lambda number: storage.acquire(*_requests(number)),
        "the same, all of one user": lambda _: storage.acquire(*_requests(0)),
        "limits, fixed window: 3 hits + stats": _hits(FixedWindowRateLimiter(theirs)),
        "limits, sliding window: 3 hits + stats": _hits(SlidingWindowCounterRateLimiter(theirs)),
        "limits, moving window: 3 hits + stats": _hits(MovingWindowRateLimiter(theirs)),
    }
    print(f"\n## limiter\n\n{await _speeds(acts)}\n")
    print(f"{await _costs(redis, storage, FixedWindowRateLimiter(theirs))}\n\n{await _sizes()}")
    await redis.aclose(close_connection_pool=True)


async def _speeds(acts: Mapping[str, Act]) -> str:
    alone_us, per_s, cpu_us = (defaultdict[str, list[float]](list) for _ in range(3))
    for number in range(1, ROUNDS + 1):
        progress(f"limiter: round {number} of {ROUNDS}")
        for name, act in acts.items():
            alone_us[name].append(await _alone(act))
        for name, act in acts.items():
            rate, cpu = await _crowd(act)
            per_s[name].append(rate)
            cpu_us[name].append(cpu)
    rows = []
    for name in acts:
        alone, crowd = (statistics.median(figures[name]) for figures in (alone_us, per_s))
        ratios = (_ratio(alone_us, name, _PING), _ratio(per_s, name, _PING), _ratio(per_s, _OURS, name))
        figures = (f"{alone:.0f}", f"{ratios[0]:.2f}", f"{crowd:,.0f}", f"{ratios[1]:.2f}", f"{ratios[2]:.1f}")
        rows.append((name, *figures, f"{statistics.median(cpu_us[name]):.0f}"))
    headers = ("call", "alone, p50 us", "x PING", "100 at once, calls/s", "x PING", "ours x this", "CPU us/call")
    return table(headers, rows)


def _ratio(figures: Mapping[str, list[float]], name: str, other: str) -> float:
    """Give the median of the rounds' ratios: those that were measured next to each other."""
    return statistics.median(one / two for one, two in zip(figures[name], figures[other], strict=True))


async def _alone(act: Act) -> float:
    took_s = []
    for number in range(_ALONE):
        began = time.perf_counter()
        await act(number)
        took_s.append(time.perf_counter() - began)
    return statistics.median(took_s) * 1e6


async def _crowd(act: Act) -> tuple[float, float]:
    left = iter(range(_CROWD_CALLS))

    async def client() -> None:
        for number in left:
            await act(number)

    began, cpu_began = time.perf_counter(), time.process_time()
    await asyncio.gather(*[client() for _ in range(_CROWD)])
    cpu_s = time.process_time() - cpu_began
    return _CROWD_CALLS / (time.perf_counter() - began), cpu_s / _CROWD_CALLS * 1e6


async def _costs(redis: Any, storage: TokenBucketRedisStorage, fixed: RateLimiter) -> str:  # noqa: ANN401  redis-py's
    """Say what a key costs, what a denial writes, and what is left of those who went."""
    await redis.flushall()
    await storage.acquire(_request("default", 1))
    (key,) = await redis.keys("*")
    ours_bytes = await redis.memory_usage(key)
    await redis.flushall()
    await fixed.hit(_item(), "user:1")
    (key,) = await redis.keys("*")
    theirs_bytes = await redis.memory_usage(key)
    await redis.flushall()
    await storage.charge(_request("guard", 1, cost=_AMOUNT))
    before = await _writes(redis)
    for _ in range(100):
        await storage.acquire(_request("default", 1), _request("guard", 1, cost=1_000))
    denied = await _writes(redis) - before
    await redis.flushall()
    await asyncio.gather(*[storage.acquire(_request("default", number)) for number in range(_KEYS)])
    await asyncio.sleep(1)  # each is full again after 0.6 ms
    rows = [
        ("bytes of an active key", str(ours_bytes), str(theirs_bytes)),
        ("writes of 100 denials", str(denied), ""),
        (f"keys of {_KEYS:,} clients, a second after one call each", str(await redis.dbsize()), ""),
    ]
    return table(("cost", "ours", "limits, fixed window"), rows)


async def _sizes() -> str:
    """Say what a hit costs in memory, by how many buckets there are."""
    storages = {size: TokenBucketMemoryStorage(most=2 * size) for size in _SIZES}
    for size, storage in storages.items():
        for number in range(size):
            await storage.charge(_request("default", number, cost=_AMOUNT))
    took_us: Mapping[int, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for size, storage in storages.items():
            took_us[size].append(await _hit_us(storage, size))
    rows = [(f"{size:,}", f"{statistics.median(took_us[size]):.1f}") for size in _SIZES]
    return table(("buckets in memory", "CPU us/hit"), rows)


async def _hit_us(storage: Buckets, size: int) -> float:
    requests = [_request("default", number % size) for number in range(0, _HITS * 7, 7)]
    began = time.process_time()
    for request in requests:
        await storage.acquire(request)
    return (time.process_time() - began) / _HITS * 1e6


async def _writes(redis: Any) -> int:  # noqa: ANN401  redis-py's
    return int((await redis.info("persistence"))["rdb_changes_since_last_save"])


def _request(policy: str, number: int, *, cost: int = 1) -> BucketRequest:
    return BucketRequest(policy=policy, key=f"user:{number}", limit=_LIMIT, cost=cost)


def _requests(number: int) -> list[BucketRequest]:
    return [_request(policy, number % _KEYS) for policy in ("default", "data_sync", "guard")]


def _item() -> RateLimitItem:
    return RateLimitItemPerMinute(_AMOUNT)


def _hits(limiter: RateLimiter) -> Act:
    item, kind = _item(), type(limiter).__name__[:5]  # its strategies would share keys

    async def act(number: int) -> object:
        key = f"{kind}:user:{number % _KEYS}"
        for policy in ("default", "data_sync", "guard"):
            await limiter.hit(item, policy, key)
        return await limiter.get_window_stats(item, "default", key)

    return act
