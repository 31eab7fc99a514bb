"""The tables: each workload under each discipline. A ratio is between waits of the same jobs in the same workload."""

import statistics
import time
from collections.abc import Mapping, Sequence

from benchmarks.fairness.disciplines import FirstInFirstOut, ScoreRule, StartTimeFairQueueing
from benchmarks.fairness.figures import Figures, measure
from benchmarks.fairness.workloads import BATCH, Flood, batch_beside_steady
from benchmarks.measure import progress, table
from jobs.scoring import FALLBACK_TURN_MS

SHORT_MS = 2_000
LONG_MS = 1_800_000
TINY_MS = 100
LIMIT_MS = 200_000
SATURATION = ((10, 0.8), (10, 0.9), (10, 0.95), (4, 0.7), (4, 0.8), (2, 0.4), (2, 0.6), (1, 0.2))

_ALONE, _FIFO, _SFQ, _RULE = "no flood", "first in, first out", "SFQ", "score rule"
_FALLBACK, _DOUBLE, _NEW = "score rule, TURN = 30 s", "score rule, TURN doubled", "score rule, task never measured"
_FLOOD_HEADERS = ("others' waits", "p50 s", "p99 s", "x SFQ", "worst round", "x no flood", "flood ended s")
_SATURATION_HEADERS = ("slots", "load", _ALONE, _SFQ, _RULE, "x SFQ", "x no flood", "passed by own %", _DOUBLE)
_BATCH_HEADERS = ("order", f"ended in {LIMIT_MS // 1000} s", "the last ended s", "x SFQ")

Ways = Mapping[str, Figures]


def main(full: bool) -> None:  # noqa: FBT001  the one switch that all benchmarks share
    """Simulate about 300,000 jobs, with `full` about 5 million, and print the tables."""
    began_s = time.monotonic()
    print("\n## fairness")
    jobs = _floods(rounds=16 if full else 1) + _saturation(10_000 if full else 400) + _batch()
    progress(f"fairness: {jobs:,} jobs in {time.monotonic() - began_s:.0f} s")


def _floods(*, rounds: int) -> int:
    jobs = 0
    for title, run_ms, varied in (
        ("2 s", SHORT_MS, False),
        ("30 min", LONG_MS, False),
        ("2 s, varied", SHORT_MS, True),
    ):
        progress(f"fairness: a flood of jobs of {title}")
        runs = [_flood(Flood(mean_ms=run_ms, varied=varied, seed=seed)) for seed in range(1, rounds + 1)]
        jobs += sum(_jobs(run) for run in runs)
        rows = [_flood_row(name, runs) for name in runs[0]]
        print(f"\nA flood of jobs of {title}:\n\n{table(_FLOOD_HEADERS, rows)}")
    return jobs


def _flood(flood: Flood) -> Ways:
    workload = flood.workload()
    ways = {
        _ALONE: measure(flood.without(), FirstInFirstOut()),
        _FIFO: measure(workload, FirstInFirstOut()),
        _SFQ: measure(workload, StartTimeFairQueueing()),
        _RULE: measure(workload, ScoreRule(flood.mean_ms)),
    }
    if flood.mean_ms > FALLBACK_TURN_MS:
        ways[_FALLBACK] = measure(workload, ScoreRule(FALLBACK_TURN_MS))
    return ways


def _flood_row(name: str, runs: Sequence[Ways]) -> Sequence[str]:
    to_sfq = [run[name].p99_ms / run[_SFQ].p99_ms for run in runs]
    p50_ms, p99_ms, end_ms, alone_ms = (
        statistics.median(column)
        for column in zip(
            *((run[name].p50_ms, run[name].p99_ms, run[name].flood_end_ms, run[_ALONE].p99_ms) for run in runs),
            strict=True,
        )
    )
    ratios = (f"{statistics.median(to_sfq):,.2f}", f"{max(to_sfq):,.2f}", _ratio(p99_ms, alone_ms))
    return name, _seconds(p50_ms), _seconds(p99_ms), *ratios, f"{end_ms / 1000:,.0f}"


def _saturation(flood: int) -> int:
    jobs = 0
    rows = []
    for slots, load in SATURATION:
        progress(f"fairness: slots: {slots}, filled by the others: {load:.0%}")
        ways = _saturated(Flood(mean_ms=SHORT_MS, varied=True, slots=slots, load=load, jobs=flood))
        jobs += _jobs(ways)
        alone, sfq, rule, double = (ways[name] for name in (_ALONE, _SFQ, _RULE, _DOUBLE))
        waits = [_seconds(figures.p99_ms) for figures in (alone, sfq, rule)]
        ratios = [_ratio(rule.p99_ms, sfq.p99_ms), _ratio(rule.p99_ms, alone.p99_ms), f"{100 * rule.passed:.2f}"]
        rows.append([str(slots), f"{load:.0%}", *waits, *ratios, _seconds(double.p99_ms)])
    print(f"\nA flood of {flood:,} jobs of 2 s, varied; the others' p99 in s:\n\n{table(_SATURATION_HEADERS, rows)}")
    return jobs


def _saturated(flood: Flood) -> Ways:
    workload = flood.workload()
    return {
        _ALONE: measure(flood.without(), FirstInFirstOut()),
        _SFQ: measure(workload, StartTimeFairQueueing()),
        _RULE: measure(workload, ScoreRule(flood.mean_ms)),
        _DOUBLE: measure(workload, ScoreRule(2 * flood.mean_ms)),
    }


def _batch() -> int:
    workload = batch_beside_steady(run_ms=TINY_MS, limit_ms=LIMIT_MS)
    ways = {
        _FIFO: measure(workload, FirstInFirstOut()),
        _SFQ: measure(workload, StartTimeFairQueueing()),
        _RULE: measure(workload, ScoreRule(TINY_MS)),
        _DOUBLE: measure(workload, ScoreRule(2 * TINY_MS)),
        _FALLBACK: measure(workload, ScoreRule(FALLBACK_TURN_MS)),
        _NEW: measure(workload, ScoreRule()),
    }
    rows = [_batch_row(name, run, ways[_SFQ]) for name, run in ways.items()]
    print(f"\n{BATCH:,} jobs of 0.1 s at once, beside a steady sender:\n\n{table(_BATCH_HEADERS, rows)}")
    return _jobs(ways)


def _batch_row(name: str, run: Figures, sfq: Figures) -> Sequence[str]:
    if run.flood_ended < BATCH:
        return name, f"{run.flood_ended:,}", "-", "-"
    return name, f"{run.flood_ended:,}", f"{run.flood_end_ms / 1000:.1f}", _ratio(run.flood_end_ms, sfq.flood_end_ms)


def _jobs(ways: Ways) -> int:
    return sum(run.jobs for run in ways.values())


def _seconds(ms: float) -> str:
    return f"{ms / 1000:,.2f}"


def _ratio(ms: float, to_ms: float) -> str:
    """Give "-" where there is nothing to compare with: without the flood nobody waits."""
    return f"{ms / to_ms:,.2f}" if to_ms else "-"
