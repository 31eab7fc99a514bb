"""Who takes part: their scripts, their environments, and how many jobs keep each busy for two to five seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from benchmarks.engine.peers.switchyard import JOBS


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One engine.

    `script` is a module of benchmarks.engine.peers, `environment` the name of its lock in benchmarks/peers (None: the
    project's own environment). `jobs` are drained in one pass, `singles` are enqueued one by one. `left` asks Redis, in
    one command, how many jobs are not finished: a job counts until its result is stored. `has_history`: it also writes
    PostgreSQL, of which it is given one.
    """

    name: str
    script: str
    environment: str | None
    jobs: int
    singles: int
    left: Callable[[Redis], int]
    has_history: bool = False


def members_of(key: str) -> Callable[[Redis], int]:
    """Count what is in this sorted set."""
    return lambda redis: cast(int, redis.zcard(key))


def entries_of(key: str) -> Callable[[Redis], int]:
    """Count what is in this stream, for those who delete what is done."""
    return lambda redis: cast(int, redis.xlen(key))


def unacknowledged_of(key: str) -> Callable[[Redis], int]:
    """Count what the one group of this stream has not acknowledged or not read."""

    def left(redis: Redis) -> int:
        (group,) = cast(list[dict[str, Any]], redis.xinfo_groups(key))
        return int(group["pending"]) + int(group["lag"])

    return left


_ARQ = members_of("arq:queue")

SWITCHYARD = Contestant(
    name="Switchyard",
    script="switchyard",
    environment=None,
    jobs=JOBS,
    singles=2_000,
    left=members_of("arq:queue:bench"),
    has_history=True,
)

CONTESTANTS = (
    Contestant(name="arq 0.28", script="arq", environment="arq", jobs=3_000, singles=2_000, left=_ARQ),
    Contestant(name="arq tuned", script="arq_tuned", environment="arq", jobs=6_000, singles=2_000, left=_ARQ),
    Contestant(
        name="SAQ",
        script="saq",
        environment="saq",
        jobs=6_000,
        singles=2_000,
        left=members_of("saq:default:incomplete"),
    ),
    Contestant(
        name="streaq",
        script="streaq",
        environment="streaq",
        jobs=4_000,
        singles=2_000,
        left=entries_of("streaq:default:queues:normal"),
    ),
    Contestant(
        name="taskiq stream",
        script="taskiq",
        environment="taskiq",
        jobs=6_000,
        singles=2_000,
        left=unacknowledged_of("taskiq"),
    ),
    SWITCHYARD,
)
YARDSTICK = "arq tuned"
