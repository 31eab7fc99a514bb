"""Whatever is wanted of buckets at one and the same moment: they admit as if it was asked for one after the other."""

import asyncio
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from ratelimit.bucket import BucketRequest, Decision, Limit
from ratelimit.storage.redis import TokenBucketRedisStorage
from tests.support.buckets import START_US

_BURST = 10
_LIMIT = Limit(amount=10, period_s=60, burst=_BURST)

Wish = tuple[str, int]  # names of buckets, one letter each, and the cost in each of them

wishes = st.lists(st.tuples(st.sampled_from(["a", "a", "b", "ab", "ba"]), st.integers(1, 4)), min_size=1, max_size=25)


def _requests(wish: Wish) -> tuple[BucketRequest, ...]:
    names, cost = wish
    return tuple(BucketRequest(policy="p", key=name, limit=_LIMIT, cost=cost) for name in names)


async def _asked(url: str, wanted: list[Wish]) -> tuple[list[Decision], dict[str, int]]:
    """Ask for all at once; give the answers, and what is left in each bucket."""
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
        storage = TokenBucketRedisStorage.on(redis, patience_s=10, clock=lambda: START_US)
        decisions = await asyncio.gather(*[storage.acquire(*_requests(wish)) for wish in wanted])
        (a,), (b,) = [(await storage.peek(*_requests((name, 0)))).states for name in "ab"]
    return decisions, {"a": a.remaining, "b": b.remaining}


@given(wanted=wishes)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_all_that_fits_is_admitted_and_no_more(redis_url: str, wanted: list[Wish]) -> None:
    """What was admitted is charged, nothing else is, and of what was not admitted nothing fits any more."""
    decisions, left = asyncio.run(_asked(redis_url, wanted))
    charged: Counter[str] = Counter()
    for (names, cost), decision in zip(wanted, decisions, strict=True):
        if decision.admitted:
            charged.update(dict.fromkeys(names, cost))
            assert all(state.remaining >= left[state.request.key] for state in decision.states)
        else:
            assert any(left[name] < cost for name in names)
    assert left == {name: _BURST - charged[name] for name in left}
