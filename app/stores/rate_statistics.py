"""What all web processes together have counted of requests, in Redis; lost with it, and bounded whatever is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from app import keys
from jobs.stores.redis import answering
from ratelimit.anomalies import FLOOR, KeyHistory
from ratelimit.bucket import Backend
from ratelimit.ledger import KEPT_MINUTES, MINUTE_S, Outcome, Page, PolicyCell

MOST_DENIALS: Final = 1_000
MOST_KEYS: Final = 1_000  # of a minute, the busiest
_MOST_SUSPECTS = 100
_KEPT_S = (KEPT_MINUTES + 2) * MINUTE_S
_RECENT = 2  # the minute that is not over, and the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCount:
    """How often a route was asked for in a minute, and what became of that."""

    minute: int
    route: str
    counts: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Requests of one key that one policy denied on one route, within a second or so."""

    at: datetime
    key: str
    policy: str
    route: str
    count: int


class RateStatistics:
    """All calls raise StoreUnavailableError where Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, page: Page) -> None:
        """Add what one process has counted. Where the answer gets lost it may be added, or not."""
        with answering():
            async with self._redis.pipeline(transaction=True) as pipe:
                for cell, count in page.routes.items():
                    pipe.hincrby(keys.routes(cell.minute), f"{cell.outcome} {cell.route}", count)
                    pipe.expire(keys.routes(cell.minute), _KEPT_S)
                for (minute, key), count in page.keys.items():
                    pipe.zincrby(keys.busy(minute), count, key)
                for minute in {minute for minute, _ in page.keys}:
                    pipe.zremrangebyrank(keys.busy(minute), 0, -MOST_KEYS - 1)
                    pipe.expire(keys.busy(minute), _KEPT_S)
                for policy, count in page.policies.items():
                    pipe.hincrby(keys.DECISIONS, _spell(policy), count)
                if page.denials:
                    pipe.lpush(keys.DENIALS, *(_written(page)))
                    pipe.ltrim(keys.DENIALS, 0, MOST_DENIALS - 1)
                    pipe.expire(keys.DENIALS, _KEPT_S)
                await pipe.execute()

    async def routes(self, *, now_minute: int, minutes: int) -> list[RouteCount]:
        """Give the last so many minutes, the newest first, each by route."""
        wanted = range(now_minute, now_minute - minutes, -1)
        with answering():
            async with self._redis.pipeline(transaction=False) as pipe:
                for minute in wanted:
                    pipe.hgetall(keys.routes(minute))
                found: list[dict[bytes, bytes]] = await pipe.execute()
        return [count for minute, fields in zip(wanted, found, strict=True) for count in _by_route(minute, fields)]

    async def clear(self, *, now_minute: int) -> None:
        """Forget routes, keys and denials. What processes have not added yet is added after that."""
        minutes = range(now_minute - KEPT_MINUTES - 2, now_minute + 2)
        with answering():
            await self._redis.unlink(
                keys.DENIALS, *(key(minute) for minute in minutes for key in (keys.routes, keys.busy))
            )

    async def denials(self, *, limit: int) -> list[Denial]:
        """Give the last ones, newest first."""
        with answering():
            found: list[bytes] = await self._redis.lrange(keys.DENIALS, 0, limit - 1)  # type: ignore[misc]
        return [_denial(orjson.loads(line)) for line in found]

    async def histories(self, *, now_minute: int) -> list[KeyHistory]:
        """Give how much each key asked for that has asked for much just now."""
        recent = [keys.busy(now_minute - back) for back in range(_RECENT)]
        with answering():
            async with self._redis.pipeline(transaction=False) as pipe:
                for name in recent:
                    pipe.zrange(name, "+inf", FLOOR, desc=True, byscore=True, offset=0, num=_MOST_SUSPECTS)  # type: ignore[arg-type]
                suspects = sorted({key for found in await pipe.execute() for key in found})
                if not suspects:
                    return []
                for back in range(KEPT_MINUTES):
                    pipe.zmscore(keys.busy(now_minute - back), suspects)
                by_minute: list[list[float | None]] = await pipe.execute()
        return [
            _history(key.decode(errors="replace"), [int(scores[number] or 0) for scores in by_minute])
            for number, key in enumerate(suspects)
        ]

    async def decisions(self) -> Mapping[PolicyCell, int]:
        """Give what was counted since Redis last began anew."""
        with answering():
            fields: dict[bytes, bytes] = await self._redis.hgetall(keys.DECISIONS)  # type: ignore[misc]
        cells = ((_cell(name.decode(errors="replace")), int(value)) for name, value in fields.items())
        return {cell: value for cell, value in cells if cell is not None}


def _spell(cell: PolicyCell) -> str:
    return f"{cell.policy}|{cell.tier}|{cell.outcome}|{cell.backend}"


def _cell(name: str) -> PolicyCell | None:
    """Read a field; one of no known form counts for nothing: other versions may write more."""
    try:
        policy, tier, outcome, backend = name.split("|")
        return PolicyCell(policy, tier, Outcome(outcome), Backend(backend))
    except ValueError:
        return None


def _written(page: Page) -> Sequence[bytes]:
    ordered = sorted(page.denials.items(), key=lambda item: item[1][0])
    return [
        orjson.dumps({"at_s": at_s, "key": one.key, "policy": one.policy, "route": one.route, "count": count})
        for one, (at_s, count) in ordered
    ]


def _denial(line: Mapping[str, Any]) -> Denial:
    return Denial(
        at=datetime.fromtimestamp(line["at_s"], UTC),
        key=line["key"],
        policy=line["policy"],
        route=line["route"],
        count=line["count"],
    )


def _by_route(minute: int, fields: Mapping[bytes, bytes]) -> list[RouteCount]:
    by_route: dict[str, dict[Outcome, int]] = {}
    for name, value in fields.items():
        outcome, _, route = name.decode(errors="replace").partition(" ")
        if outcome in set(Outcome):
            by_route.setdefault(route, dict.fromkeys(Outcome, 0))[Outcome(outcome)] = int(value)
    return [RouteCount(minute=minute, route=route, counts=by_route[route]) for route in sorted(by_route)]


def _history(key: str, counts: Sequence[int]) -> KeyHistory:
    return KeyHistory(key=key, recent=counts[:_RECENT], before=counts[_RECENT:])
