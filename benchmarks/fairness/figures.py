"""What one simulation gave the others and the one with the flood or batch. It compares nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.fairness.simulation import Discipline, Start, Workload, simulate
from benchmarks.fairness.workloads import FLOODER


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Waits are the others' from submission to start; the flood's figures are 0 where there is none.

    `passed` is the share of the others' jobs that started after a later job of the same owner.
    `flood_ended` counts what of the flood had ended by the limit, `flood_end_ms` is when the last of it did.
    """

    jobs: int
    p50_ms: float
    p99_ms: float
    passed: float
    flood_ended: int
    flood_end_ms: float


def measure(workload: Workload, discipline: Discipline) -> Figures:
    """Simulate a workload under a discipline that has seen nothing yet."""
    starts = simulate(workload, discipline)
    others = [start for start in starts if start.job.owner != FLOODER]
    waits = sorted(start.waited_ms for start in others)
    ends = [start.job.at_ms + start.waited_ms + start.job.run_ms for start in starts if start.job.owner == FLOODER]
    if workload.limit_ms is not None:
        ends = [end for end in ends if end <= workload.limit_ms]
    return Figures(
        jobs=len(starts),
        p50_ms=_quantile(waits, 0.5),
        p99_ms=_quantile(waits, 0.99),
        passed=_passed(others) / len(others),
        flood_ended=len(ends),
        flood_end_ms=max(ends, default=0),
    )


def _quantile(ordered: Sequence[int], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _passed(starts: Sequence[Start]) -> int:
    latest: dict[int, int] = {}
    passed = 0
    for start in starts:
        last = latest.get(start.job.owner, -1)
        passed += start.number < last
        latest[start.job.owner] = max(last, start.number)
    return passed
