"""Reads what a site counts, what waits in its queues, and how far its history is behind. It counts nothing itself."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from jobs import keys
from jobs.counters import Pair, Tally, parse
from jobs.scoring import FOREIGN_FROM, PARKED, QUARANTINE, TIMED_BELOW, TIMED_FROM, Band
from jobs.stores.events import Events
from jobs.stores.redis import answering

# The scores of each band, as ZCOUNT takes them; `(` leaves the bound itself out. jobs.scoring.band_of says the same.
_RANGES: tuple[tuple[Band, str, str], ...] = (
    (Band.READY, "-inf", f"({FOREIGN_FROM}"),
    (Band.FOREIGN, f"{FOREIGN_FROM}", f"({TIMED_FROM}"),
    (Band.TIMED, f"{TIMED_FROM}", f"({TIMED_BELOW}"),
    (Band.FOREIGN, f"{TIMED_BELOW}", f"({PARKED}"),
    (Band.PARKED, f"{PARKED}", f"({QUARANTINE}"),
    (Band.QUARANTINE, f"{QUARANTINE}", "+inf"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look gave: tallies of the pairs that anything was counted of, and the entries of each queue by band.

    `behind_s` is by how much PostgreSQL lags behind Redis.
    """

    tallies: Mapping[Pair, Tally]
    entries: Mapping[str, Mapping[Band, int]]
    behind_s: float = 0.0


class Statistics:
    """Looks at the counters and at these queues. Its cost does not depend on how much waits."""

    def __init__(self, redis: Redis, *, queues: Sequence[str], patience_s: float) -> None:
        self._redis = redis
        self._queues = tuple(queues)
        self._events = Events(redis, consumer="statistics")
        self._patience_s = patience_s

    async def read(self) -> Reading:
        """Look. Raises StoreUnavailableError where Redis does not answer within `patience_s`, retries included."""
        with answering():
            async with asyncio.timeout(self._patience_s):
                fields, *counts = await self._ask()
                behind_s = await self._events.behind_s()
        each = iter(counts)
        return Reading(
            tallies=parse({name.decode(errors="replace"): int(value) for name, value in fields.items()}),
            entries={queue: _by_band([next(each) for _ in _RANGES]) for queue in self._queues},
            behind_s=behind_s,
        )

    async def _ask(self) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(keys.COUNTERS)
            for queue in self._queues:
                for _, least, most in _RANGES:
                    pipe.zcount(keys.queue(queue), least, most)
            # Raised by redis-py, an error would begin with the command's number instead of its own first word.
            answers = await pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


def _by_band(counts: Sequence[int]) -> dict[Band, int]:
    entries = dict.fromkeys(Band, 0)
    for (band, _, _), count in zip(_RANGES, counts, strict=True):
        entries[band] += count
    return entries
