"""Reads where jobs stand in line and how queues do. It changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from jobs.model import Job
from jobs.stores.redis import patiently
from jobs.stores.scripts import Script

_PLACE = Script("place")
_GLANCE = Script("glance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a job stands; jobs.waiting.Facts has the same words. `state` is empty where Redis does not have it."""

    now_ms: int
    state: str
    score: float | None
    due_ms: int
    is_unknown: bool
    is_paused: bool
    before: int
    parked_before: int
    ready: int
    started: int
    started_in_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """How a queue does.

    Since when it rests (ms), how long the oldest of the next hundred ready jobs has waited, and how many jobs a second
    were started within the last minute, while it had any.
    """

    paused_ms: int | None
    oldest_wait_s: float | None
    started_per_s: float


class Places:
    """Takes no longer than `patience_s`; raises StoreUnavailableError where Redis does not answer."""

    def __init__(self, redis: Redis, *, patience_s: float) -> None:
        self._redis = redis
        self._patience_s = patience_s

    async def of(self, job: Job) -> Place:
        """See where a job stands."""
        async with patiently(self._patience_s):
            found = await _PLACE.run(self._redis, job.id, job.queue)
        now, state, score, due, why, paused, before, parked_before, ready, started, span = found
        return Place(
            now_ms=int(now),
            state=state.decode(),
            score=float(score) if score else None,
            due_ms=int(due),
            is_unknown=why == b"unknown_task",
            is_paused=bool(paused),
            before=before,
            parked_before=parked_before,
            ready=ready,
            started=started,
            started_in_ms=span,
        )

    async def glance(self, queues: Sequence[str]) -> Mapping[str, Glance]:
        """See how queues do; the cost does not depend on how much waits."""
        async with patiently(self._patience_s):
            now, *found = await _GLANCE.run(self._redis, *queues)
        return {
            queue: Glance(
                paused_ms=int(paused) if paused else None,
                oldest_wait_s=max(int(now) - float(oldest), 0) / 1000 if oldest else None,
                started_per_s=1000 * started / span if span else 0.0,
            )
            for queue, (paused, oldest, started, span) in zip(queues, found, strict=True)
        }
