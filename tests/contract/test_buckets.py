"""Token buckets in Redis and in memory answer alike: one suite for both, under a clock that only the test moves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from ratelimit.bucket import BucketRequest, Buckets, Limit
from ratelimit.storage.memory import TokenBucketMemoryStorage
from ratelimit.storage.redis import TokenBucketRedisStorage
from tests.support.hitting import PATIENCE_S

START_US = 1_800_000_000_000_000
S = 1_000_000

THREE = Limit(amount=3, period_s=60, burst=3)
TEN = Limit(amount=10, period_s=60, burst=10)


@dataclass(kw_only=True)
class Bench:
    """Buckets, and their clock."""

    buckets: Buckets
    now_us: int = field(default=START_US)


@pytest.fixture(params=["redis", "memory"])
async def bench(request: pytest.FixtureRequest, redis_url: str) -> AsyncIterator[Bench]:
    """Give full buckets."""
    async with Redis.from_url(redis_url) as redis:
        found: list[Bench] = []

        def clock() -> int:
            return found[0].now_us

        if request.param == "redis":
            found.append(Bench(buckets=TokenBucketRedisStorage.on(redis, patience_s=PATIENCE_S, clock=clock)))
        else:
            found.append(Bench(buckets=TokenBucketMemoryStorage(clock=clock)))
        yield found[0]


def of(key: str = "user:4", *, limit: Limit = THREE, policy: str = "default", cost: int = 1) -> BucketRequest:
    """Ask for something."""
    return BucketRequest(policy=policy, key=key, limit=limit, cost=cost)


async def test_a_full_bucket_lets_its_burst_pass_and_then_one_as_each_comes(bench: Bench) -> None:
    """The wait that is told is the shortest one."""
    for left in (2, 1, 0):
        decision = await bench.buckets.acquire(of())
        assert decision.admitted
        assert decision.states[0].remaining == left
    denied = await bench.buckets.acquire(of())
    assert not denied.admitted
    assert denied.states[0].wait_us == 20 * S
    assert denied.retry_after_s == 20
    assert denied.states[0].full_at_s == START_US // S + 60
    bench.now_us += 20 * S - 1
    assert (await bench.buckets.acquire(of())).states[0].wait_us == 1
    bench.now_us += 1
    assert (await bench.buckets.acquire(of())).admitted


async def test_of_several_buckets_all_are_charged_or_none(bench: Bench) -> None:
    """Where the second refuses, the first has lost nothing."""
    await bench.buckets.acquire(of("user:5", cost=3))
    denied = await bench.buckets.acquire(of(limit=TEN), of("user:5"))
    assert not denied.admitted
    assert [state.wait_us for state in denied.states] == [0, 20 * S]
    assert (await bench.buckets.peek(of(limit=TEN, cost=0))).states[0].remaining == 10


async def test_to_peek_charges_nothing(bench: Bench) -> None:
    """It says what acquire would."""
    seen = await bench.buckets.peek(of(cost=2))
    assert seen == await bench.buckets.acquire(of(cost=2))
    assert not (await bench.buckets.peek(of(cost=2))).admitted
    assert (await bench.buckets.acquire(of(cost=1))).admitted


async def test_what_never_fits_has_no_wait(bench: Bench) -> None:
    """It costs more than the bucket holds."""
    denied = await bench.buckets.acquire(of(cost=4))
    assert not denied.admitted
    assert denied.states[0].wait_us is None
    assert denied.retry_after_s is None


async def test_a_charge_empties_to_nothing_at_most(bench: Bench) -> None:
    """So the next waits for one token, whatever was charged."""
    decision = await bench.buckets.charge(of(cost=1_000))
    assert decision.admitted
    assert decision.states[0].remaining == 0
    assert (await bench.buckets.acquire(of())).states[0].wait_us == 20 * S


async def test_a_refund_fills_to_full_at_most(bench: Bench) -> None:
    """What was charged can be given back, and no more."""
    await bench.buckets.acquire(of(cost=2))
    await bench.buckets.refund(of())
    assert (await bench.buckets.peek(of(cost=0))).states[0].remaining == 2
    await bench.buckets.refund(of(cost=50))
    assert (await bench.buckets.peek(of(cost=0))).states[0].remaining == 3


async def test_clear_fills(bench: Bench) -> None:
    """These buckets and no others."""
    await bench.buckets.acquire(of(cost=3), of("user:5", cost=3))
    await bench.buckets.clear(of())
    assert (await bench.buckets.acquire(of())).admitted
    assert not (await bench.buckets.acquire(of("user:5"))).admitted


async def test_a_clock_that_steps_back_does_not_freeze_a_bucket(bench: Bench) -> None:
    """It fills from then on, also where nothing but refusals came since."""
    await bench.buckets.acquire(of(cost=3))
    bench.now_us -= 3_600 * S
    assert (await bench.buckets.acquire(of())).states[0].wait_us == 20 * S
    bench.now_us += 20 * S
    assert (await bench.buckets.acquire(of())).admitted


async def test_a_changed_limit_keeps_what_was_consumed(bench: Bench) -> None:
    """In tokens, as far as the new bucket has room for them."""
    await bench.buckets.acquire(of(limit=TEN, cost=6))
    wider = Limit(amount=7, period_s=10, burst=20)
    assert (await bench.buckets.peek(of(limit=wider, cost=0))).states[0].remaining == 14
    denied = await bench.buckets.acquire(of(limit=THREE))
    assert denied.states[0].wait_us == 20 * S


async def test_nothing_asked_is_granted(bench: Bench) -> None:
    """As an exempt request does."""
    decision = await bench.buckets.acquire()
    assert decision.admitted
    assert decision.states == ()


async def test_what_makes_no_sense_is_refused(bench: Bench) -> None:
    """Nothing is changed."""
    with pytest.raises(ValueError, match="at least 0"):
        await bench.buckets.acquire(of(cost=-1))
    with pytest.raises(ValueError, match="one bucket"):
        await bench.buckets.acquire(of(), of())
    with pytest.raises(ValueError, match="smaller burst"):
        await bench.buckets.acquire(of(limit=Limit(amount=1, period_s=86_400, burst=100_000)))
    assert (await bench.buckets.peek(of(cost=0))).states[0].remaining == 3
