"""From what is asked of buckets to the arithmetic's numbers, and from its numbers to a decision."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from ratelimit.arithmetic import NEVER, US_PER_S, Ask, Fill, gauge_of, need_of
from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision
from ratelimit.keys import bucket


@lru_cache(maxsize=4096)  # whoever asks once mostly asks again
def asks_of(requests: tuple[BucketRequest, ...]) -> tuple[Ask, ...]:
    """Name the buckets and count in units.

    Raises ValueError for a negative cost, for a limit that whole numbers cannot follow, and where two requests are of
    one bucket.
    """
    asks = []
    for request in requests:
        gauge = gauge_of(request.limit)
        asks.append(Ask(bucket(request.policy, request.key), gauge, need_of(request.cost, gauge)))
    if len(asks) > 1 and len({ask.name for ask in asks}) < len(asks):
        raise ValueError("two requests are of one bucket; make them one, with the sum of their costs")
    return tuple(asks)


def decision_of(requests: Sequence[BucketRequest], now_us: int, fills: Iterable[Fill], backend: Backend) -> Decision:
    """Say how the buckets of these requests stand."""
    states, admitted = [], True
    for request, (left, full_us, wait_us) in zip(requests, fills, strict=True):
        wait = None if wait_us == NEVER else wait_us
        states.append(BucketState(request, left, -(-(now_us + full_us) // US_PER_S), wait))
        admitted = admitted and wait == 0
    return Decision(admitted=admitted, states=tuple(states), backend=backend)
