"""Judges whether jobs can be accepted, and what is not as it should be. It mends nothing."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.looks import Look
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.stores.arrears import ArrearsStore
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.presence import Presence
from jobs.tasks.scheduled.service import Canary, Upkeep
from ratelimit.limiter import Limiter

_WORKERS_KEPT_S = 1.0
_ARREARS_KEPT_S = 2.0
_CANARIES_KEPT_S = 5.0
_BEHIND_S = 15.0  # a steward that dies is followed by another within six seconds, where there is one

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found. `degraded` names what is away or does not do what it should; no `canaries` where nobody knows."""

    can_accept: bool
    degraded: Sequence[str]
    canaries: Sequence[Canary]


class Readiness:
    """All looks are taken at once; what costs more than a ping is kept for some seconds, however often is asked."""

    def __init__(
        self,
        *,
        database: Database,
        fitness: Fitness,
        presence: Presence,
        upkeep: Upkeep,
        limiter: Limiter,
        queues: Sequence[str],
    ) -> None:
        """`queues` are those that must have a worker."""
        self._postgresql = Look(database.ping)
        self._redis = Look(fitness.check)
        self._workers = Look(presence.workers, kept_s=_WORKERS_KEPT_S)
        self._arrears = Look(ArrearsStore(database).read, kept_s=_ARREARS_KEPT_S)
        self._canaries = Look(upkeep.canaries, kept_s=_CANARIES_KEPT_S)
        self._limiter = limiter
        self._queues = tuple(queues)

    async def judge(self, *, within_s: float) -> Judgement:
        """Look, for so many seconds at most: what has not answered by then is away, or not known."""
        postgresql, redis, workers, arrears, canaries = await asyncio.gather(
            self._of_postgresql(within_s),
            self._of_redis(within_s),
            _if_seen(self._workers.seen(within_s=within_s)),
            _if_seen(self._arrears.seen(within_s=within_s)),
            _if_seen(self._canaries.seen(within_s=within_s)),
        )
        others = []
        if self._limiter.is_away:
            others.append("rate_limiter")
        # It compares the two stores: while one of them is away, that it does not is no fault of its own.
        if arrears is not None and arrears.tick_age_s > _BEHIND_S and not (postgresql or redis):
            others.append("steward")
        if workers is not None and not redis:
            served = {queue for worker in workers for queue in worker.queues}
            others += [f"queue.{queue}" for queue in self._queues if queue not in served]
        return Judgement(
            can_accept=not (postgresql and redis),  # either store is enough
            degraded=[*postgresql, *redis, *others],
            canaries=() if canaries is None or postgresql else canaries,
        )

    async def close(self) -> None:
        """Give up all looks."""
        looks = (self._postgresql, self._redis, self._workers, self._arrears, self._canaries)
        await asyncio.gather(*(look.close() for look in looks))

    async def _of_postgresql(self, within_s: float) -> list[str]:
        try:
            await self._postgresql.seen(within_s=within_s)
        except StoreUnavailableError:
            return ["postgresql"]
        return []

    async def _of_redis(self, within_s: float) -> list[str]:
        """Say what is wrong with Redis: it is away, or it is one that workers refuse."""
        try:
            await self._redis.seen(within_s=within_s)
        except StoreUnavailableError:
            return ["redis"]
        except UnfitRedisError:
            return ["redis_unfit"]
        return []


async def _if_seen(seen: Awaitable[Seen]) -> Seen | None:
    try:
        return await seen
    except StoreUnavailableError:
        return None
