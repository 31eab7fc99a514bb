"""The limiter that everybody asks: Redis' buckets, and those of this process while Redis is away."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, TypeVar

from ratelimit.breaker import AwayError, Breaker
from ratelimit.bucket import BucketRequest, Buckets, Decision
from ratelimit.counters import Counters
from ratelimit.debts import Debts
from ratelimit.denials import Denials
from ratelimit.probe import Backoff, Probe
from ratelimit.settlement import Settlement
from ratelimit.stand_in import StandIn, WhenAway

DEADLINE_S: Final = 0.1

Answer = TypeVar("Answer")


class Limiter:
    """`Buckets` that answer whatever Redis does: no call raises because of it, or waits for longer than the deadline.

    Redis is given up at its first failure. From then on each policy's word in `when_away` counts, which is `local`
    where it has none: each process admits one further burst at most. While `run` runs, Redis is used again as soon as
    it serves, after it was told what was spent meanwhile. A question whose answer got lost may have been charged there
    and is charged here too.

    Whoever was just denied is denied again without a question, with `local` as the backend, until the request would
    fit, at most for a second; `refund` and `clear` of this process end that.

    Only a ValueError reaches the caller, of whoever asks for what cannot be.
    """

    def __init__(
        self,
        redis: Buckets,
        local: Buckets,
        *,
        when_away: Mapping[str, WhenAway] | None = None,
        deadline_s: float = DEADLINE_S,
        backoff: Backoff = Backoff(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what decides and what stands in for it, which has to answer without waiting; a clock that only grows."""
        self.counters = Counters()
        self._redis = redis
        self._local = local
        self._clock = clock
        self._denials = Denials(clock=clock)
        self._breaker = Breaker(deadline_s=deadline_s, counters=self.counters, clock=clock)
        debts = Debts(counters=self.counters, clock=clock)
        self._stand_in = StandIn(local=local, debts=debts, when_away=when_away or {})
        self._probe = Probe(
            redis=redis,
            breaker=self._breaker,
            debts=debts,
            settlement=Settlement(debts=debts, redis=redis, counters=self.counters),
            deadline_s=deadline_s,
            backoff=backoff,
        )

    @property
    def is_away(self) -> bool:
        """Whether Redis is not asked now."""
        return self._breaker.is_away

    async def run(self) -> None:
        """Bring Redis back after each outage, until cancelled."""
        await self._probe.run()

    async def acquire(self, *requests: BucketRequest) -> Decision:
        """Charge all buckets, or none where one has too little."""
        if (repeated := self._denials.find(requests)) is not None:
            return repeated
        asked_at = self._clock()
        try:
            decision = await self._breaker.through(partial(self._redis.acquire, *requests))
        except AwayError:
            decision = await self._stand_in.acquire(*requests)
        else:
            if not decision.admitted:
                self._denials.note(decision, asked_at)
        return decision

    async def peek(self, *requests: BucketRequest) -> Decision:
        """Say what `acquire` would. Nothing is charged or written."""
        return await self._either(self._redis.peek, self._stand_in.peek, requests)

    async def charge(self, *requests: BucketRequest) -> Decision:
        """Charge each bucket whatever it has; none is emptied further than to nothing."""
        return await self._either(self._redis.charge, self._stand_in.charge, requests)

    async def refund(self, *requests: BucketRequest) -> None:
        """Give back what was charged; while Redis is away only what was charged since."""
        self._denials.forget(requests)
        await self._either(self._redis.refund, self._stand_in.refund, requests)

    async def clear(self, *requests: BucketRequest) -> None:
        """Fill the buckets: here at once, in Redis at once or as soon as it is back."""
        self._denials.forget(requests)
        await self._either(self._redis.clear, self._stand_in.clear, requests)
        await self._local.clear(*requests)
        self._denials.forget(requests)

    async def _either(
        self,
        redis: Callable[..., Awaitable[Answer]],
        stand_in: Callable[..., Awaitable[Answer]],
        requests: tuple[BucketRequest, ...],
    ) -> Answer:
        try:
            return await self._breaker.through(partial(redis, *requests))
        except AwayError:
            return await stand_in(*requests)
