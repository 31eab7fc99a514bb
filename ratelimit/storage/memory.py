"""Token buckets in the memory of this process, as a storage of `limits`."""

import time
from collections.abc import Callable
from typing import NoReturn

from limits.aio.storage import Storage

from ratelimit import keys
from ratelimit.arithmetic import Ask, Verb, judge
from ratelimit.bucket import Backend, BucketRequest, Decision
from ratelimit.levels import Levels
from ratelimit.storage.support import TokenBucketSupport
from ratelimit.translation import asks_of, decision_of

MOST_BUCKETS = 100_000

_NO_WINDOW = "this storage keeps token buckets; use it with the strategy TokenBucketRateLimiter"


def epoch_us() -> int:
    """Give the microseconds since 1970."""
    return time.time_ns() // 1_000


class TokenBucketMemoryStorage(Storage, TokenBucketSupport):
    """Keeps up to `most` buckets that are not full; newcomers beyond share one a policy.

    What a call costs does not depend on how many there are. `clock` gives the microseconds since 1970.
    """

    STORAGE_SCHEME = ["async+memory+bucket"]  # noqa: RUF012  the way of `limits`

    def __init__(
        self,
        uri: str | None = None,
        *,
        wrap_exceptions: bool = False,
        clock: Callable[[], int] = epoch_us,
        most: int = MOST_BUCKETS,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._clock = clock
        self._levels = Levels(most=most)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Memory is never away."""
        return ()

    async def decide(self, verb: Verb, requests: tuple[BucketRequest, ...]) -> Decision:
        """Do this to the buckets."""
        now_us = self._clock()
        asks = [self._placed(number, *one) for number, one in enumerate(zip(requests, asks_of(requests), strict=True))]
        fills, levels = judge(verb, now_us, asks, [self._levels.find(ask.name) for ask in asks])
        for ask, fill in zip(asks, fills, strict=True):
            if level := levels.get(ask.name):
                self._levels.keep(ask.name, level, full_at_us=now_us + fill.full_us)
        self._levels.sweep(now_us)
        return decision_of(requests, now_us, fills, Backend.LOCAL)

    async def clear(self, *buckets: str | BucketRequest) -> None:
        """Fill the buckets, but not what newcomers share."""
        self._levels.forget(keys.bucket_of(bucket) for bucket in buckets)

    async def reset(self) -> int:
        """Fill all buckets; give how many there were."""
        return self._levels.forget_all()

    async def check(self) -> bool:
        """Memory is always there."""
        return True

    async def incr(self, key: str, expiry: int, amount: int = 1) -> NoReturn:
        """Refuse: it counts no windows."""
        raise NotImplementedError(_NO_WINDOW)

    async def get(self, key: str) -> NoReturn:
        """Refuse: it counts no windows."""
        raise NotImplementedError(_NO_WINDOW)

    async def get_expiry(self, key: str) -> NoReturn:
        """Refuse: it counts no windows."""
        raise NotImplementedError(_NO_WINDOW)

    def _placed(self, number: int, request: BucketRequest, ask: Ask) -> Ask:
        """Take the shared bucket where there is no room; each place in a call has one of its own."""
        name = self._levels.name(ask.name, shared=f"#{request.policy}#{number}".encode())
        return ask if name is ask.name else ask._replace(name=name)
