"""What a pass gives, and the meters that it is read from: /proc for processes, INFO for Redis. It starts nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

from redis import Redis

from benchmarks.measure import tree_cpu_s

_FROM, _TO = 0.05, 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueued:
    """How fast jobs were put in."""

    per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """How fast jobs were run, and what they cost; `once` of `jobs` were started exactly once."""

    per_s: float
    worker_cpu_s_per_k: float
    redis_cpu_s_per_k: float
    reads_per_job: float
    jobs: int
    once: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedUp:
    """How long idle workers let jobs wait, each job by itself."""

    waited_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one worker process has run: the job's number and the moment of its start, in order."""

    numbers: Sequence[int]
    started_s: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisMeter:
    """What Redis has used up since its start."""

    cpu_s: float
    reads: int

    @classmethod
    def read(cls, redis: Redis, *, looks: int = 0) -> Self:
        """Read it; `looks` commands were the benchmark's own and do not count."""
        cpu = cast(dict[str, Any], redis.info("cpu"))
        stats = cast(dict[str, Any], redis.info("stats"))
        return cls(
            cpu_s=float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
            reads=int(stats["total_reads_processed"]) - looks,
        )


def steady_rate(tallies: Iterable[Tally]) -> float:
    """Give the jobs per second from 5 % to 95 % of all starts, but not before each process has started its first."""
    tallies = list(tallies)
    starts = sorted(moment for tally in tallies for moment in tally.started_s)
    begin = max(starts[int(len(starts) * _FROM)], *(tally.started_s[0] for tally in tallies if tally.started_s))
    end = starts[int(len(starts) * _TO) - 1]
    return sum(begin < moment <= end for moment in starts) / (end - begin)


def run_once(tallies: Iterable[Tally], jobs: int) -> int:
    """Count the jobs, of the numbers 0 to `jobs` - 1, that were started exactly once."""
    runs = Counter(number for tally in tallies for number in tally.numbers)
    return sum(runs[number] == 1 for number in range(jobs))


def cpu_s(pid: int) -> float:
    """Give the CPU seconds of a process and of all that it has started, ended or not."""
    return tree_cpu_s(pid) + sum(map(cpu_s, _children(pid)))


def percentile(values: Sequence[float], share: float) -> float:
    """Give the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
        ]
    except OSError:
        return []
