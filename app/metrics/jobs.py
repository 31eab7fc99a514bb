"""Jobs by queue and task: what the scripts count of them, and how long they wait and run."""

from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric

from app.metrics import families
from app.metrics.families import Column, Labels
from jobs.counters import ENDS, RUN_BOUNDS_MS, WAIT_BOUNDS_MS, Histogram, Pair, Tally
from jobs.registry import TaskTable
from jobs.stores.statistics import Reading

# Pairs that nobody declared come from task lists of other processes and from stock arq clients. Those who can put
# jobs into Redis can make them up, so they are shown up to here and only counted beyond.
MOST_UNDECLARED = 100

_PAIR = ("queue", "task")
_NOTHING = Tally()

_COUNTERS: tuple[Column[Tally], ...] = (
    ("switchyard_jobs_enqueued_total", "Jobs put in line.", lambda tally: tally.enqueued),
    ("switchyard_jobs_started_total", "Tries begun: jobs handed to a worker.", lambda tally: tally.started),
    ("switchyard_jobs_retried_total", "Tries that failed and are tried again.", lambda tally: tally.retried),
    ("switchyard_leases_lost_total", "Tries whose worker fell silent or died.", lambda tally: tally.lost),
    (
        "switchyard_leases_recovered_total",
        "Lost leases whose worker was alive, and took its job up again before another did.",
        lambda tally: tally.recovered,
    ),
    ("switchyard_jobs_handed_back_total", "Tries that a stopping worker gave back.", lambda tally: tally.handed_back),
)


def jobs_families(tasks: TaskTable, reading: Reading) -> Iterator[Metric]:
    """Give the counters and histograms.

    Each pair of a declared task and one of its queues is there from the start, at zero: `rate` does not see a series'
    first step if the series begins with it.
    """
    declared = [Pair(queue, task.name) for task in tasks.values() for queue in task.queues]
    undeclared = sorted(reading.tallies.keys() - set(declared))
    pairs = (*declared, *undeclared[:MOST_UNDECLARED])
    tallies = [((pair.queue, pair.task), reading.tallies.get(pair, _NOTHING)) for pair in pairs]
    yield from families.columns(families.counters, _COUNTERS, _PAIR, tallies)
    yield families.counters(
        "switchyard_jobs_ended_total",
        "Jobs that ended, by the state that they ended in.",
        (*_PAIR, "state"),
        [((*labels, state), tally.ended[state]) for labels, tally in tallies for state in ENDS],
    )
    yield families.histograms(
        "switchyard_job_wait_seconds",
        "From when a job was due and ready to the start of its try.",
        _PAIR,
        [_timed(labels, WAIT_BOUNDS_MS, tally.wait) for labels, tally in tallies],
    )
    yield families.histograms(
        "switchyard_job_run_seconds",
        "How long a try ran.",
        _PAIR,
        [_timed(labels, RUN_BOUNDS_MS, tally.run) for labels, tally in tallies],
    )
    yield families.gauge(
        "switchyard_undeclared_pairs_left_out",
        f"Pairs of queue and task that no task here declares, beyond the {MOST_UNDECLARED} that are shown.",
        max(0, len(undeclared) - MOST_UNDECLARED),
    )


def _timed(
    labels: Labels, bounds_ms: Sequence[int], histogram: Histogram
) -> tuple[Labels, list[tuple[str, float]], float]:
    bounds_s = (bound / 1000 for bound in bounds_ms)
    return labels, families.buckets(bounds_s, histogram.counts), histogram.sum_ms / 1000
