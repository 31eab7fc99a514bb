"""Looks whether Redis is back, and brings the limiter back to it. One loop of a process."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

from ratelimit.breaker import Breaker
from ratelimit.bucket import BucketRequest, Buckets, Limit
from ratelimit.debts import Debts
from ratelimit.settlement import Settlement

# A charge writes, which a replica and a full server refuse; a bucket that is never empty makes each charge one.
_QUESTION = BucketRequest(policy="probe", key="limiter", limit=Limit(amount=100, period_s=1, burst=100))
_BATCH = 100

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The pauses between probes: each is drawn from the upper half of a time that doubles up to the longest.

    The longest is what lets Redis be used again within a second of its return, whenever that is.
    """

    first_s: float = 0.25
    longest_s: float = 0.6
    uniform: Callable[[float, float], float] = random.uniform

    def pauses(self) -> Iterator[float]:
        """Give the pauses of one outage, in seconds, without an end."""
        pause_s = self.first_s
        while True:
            yield self.uniform(pause_s / 2, pause_s)
            pause_s = min(2 * pause_s, self.longest_s)


class Probe:
    """Asks in the background while Redis is away. When it answers, it is told what it missed, and then used again."""

    def __init__(
        self, *, redis: Buckets, breaker: Breaker, debts: Debts, settlement: Settlement, deadline_s: float,
        backoff: Backoff,
    ) -> None:  # fmt: skip
        """Give Redis `deadline_s` for each step."""
        self._redis = redis
        self._breaker = breaker
        self._debts = debts
        self._settlement = settlement
        self._deadline_s = deadline_s
        self._backoff = backoff

    async def run(self) -> None:
        """Look after each outage until cancelled."""
        while True:
            await self._breaker.tripped()
            for pause_s in self._backoff.pauses():
                await asyncio.sleep(pause_s)
                if await self._brings_back():
                    break

    async def _brings_back(self) -> bool:
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._redis.charge(_QUESTION)
            while len(self._debts) > _BATCH:
                async with asyncio.timeout(self._deadline_s):
                    await self._settlement.settle(_BATCH)
            # Nobody may spend here what the last call does not tell, so for that long nobody decides.
            with self._breaker.returning():
                async with asyncio.timeout(self._deadline_s):
                    await self._settlement.settle(_BATCH)
        except Exception as error:  # noqa: BLE001  whatever it is, Redis does not serve
            log.debug("limiter_redis_still_away", error=type(error).__name__, reason=str(error))
            return False
        return True
