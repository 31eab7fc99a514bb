"""Buckets in memory: never more than so many, and no call pays for all of them."""

from ratelimit.arithmetic import Level
from ratelimit.bucket import BucketRequest, Limit
from ratelimit.levels import Levels
from ratelimit.storage.memory import TokenBucketMemoryStorage

ONE = Limit(amount=1, period_s=60, burst=1)


def _of(key: str) -> BucketRequest:
    return BucketRequest(policy="p", key=key, limit=ONE)


async def test_newcomers_beyond_the_cap_share_a_bucket() -> None:
    """Who was there before is not slowed down; who comes with ever new names is."""
    now_us = 0
    storage = TokenBucketMemoryStorage(clock=lambda: now_us, most=3)
    for name in "abc":
        assert (await storage.acquire(_of(name))).admitted
    assert [(await storage.acquire(_of(f"new{number}"))).admitted for number in range(5)] == [True, *[False] * 4]
    now_us = 60_000_000
    assert (await storage.acquire(_of("a"))).admitted


async def test_two_newcomers_in_one_call_do_not_meet() -> None:
    """Each place in a call has a shared bucket of its own."""
    storage = TokenBucketMemoryStorage(clock=lambda: 0, most=0)
    assert (await storage.acquire(_of("address"), _of("name"))).admitted


async def test_what_is_full_again_is_forgotten() -> None:
    """A crowd of strangers is gone soon after it left, with the calls of somebody else."""
    now_us = 0
    storage = TokenBucketMemoryStorage(clock=lambda: now_us)
    for number in range(1_000):
        await storage.acquire(_of(f"stranger{number}"))
    now_us = 60_000_000
    for _ in range(501):
        await storage.peek(_of("resident"))
    assert await storage.reset() == 0


def test_a_sweep_looks_at_two() -> None:
    """However many there are."""
    levels = Levels(most=10)
    for number in range(10):
        levels.keep(b"%d" % number, Level(1, 0, 1), full_at_us=1)
    levels.sweep(1)
    assert len(levels) == 8
    levels.sweep(0)
    assert len(levels) == 8
