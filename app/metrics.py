"""What a site shows to Prometheus: the metric families, made from one snapshot. It reads no store.

The names and labels are a contract with whoever wrote alert rules. A label is a queue, a task, a state, a band, a
schedule or a type of what is cached, of which there are few; never a user, a job or a worker.
"""

import math
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from app import __version__
from jobs.cache.counts import Tally as CacheTally
from jobs.counters import ENDS, RUN_BOUNDS_MS, WAIT_BOUNDS_MS, Histogram, Pair, Tally
from jobs.registry import TaskTable
from jobs.stores.schedules import ScheduleRow
from jobs.stores.statistics import Reading
from jobs.tasks.scheduled.service import Figures
from ratelimit.bucket import Backend
from ratelimit.ledger import Outcome, PolicyCell
from ratelimit.policy import IP_GUARD, Category, Tier

# Pairs that nobody declared come from task lists of other processes and from stock arq clients. Those who can put
# jobs into Redis can make them up, so they are shown up to here and only counted beyond.
MOST_UNDECLARED = 100

_PAIR = ("queue", "task")
_NOTHING = Tally()

_COUNTERS: tuple[tuple[str, str, Callable[[Tally], int]], ...] = (
    ("switchyard_jobs_enqueued_total", "Jobs put in line.", lambda tally: tally.enqueued),
    ("switchyard_jobs_started_total", "Tries begun: jobs handed to a worker.", lambda tally: tally.started),
    ("switchyard_jobs_retried_total", "Tries that failed and are tried again.", lambda tally: tally.retried),
    ("switchyard_leases_lost_total", "Tries whose worker fell silent or died.", lambda tally: tally.lost),
    ("switchyard_jobs_handed_back_total", "Tries that a stopping worker gave back.", lambda tally: tally.handed_back),
)

_CACHE: tuple[tuple[str, str, Callable[[CacheTally], int]], ...] = (
    ("switchyard_cache_hits_total", "Reads that the cache answered.", lambda tally: tally.hits),
    ("switchyard_cache_misses_total", "Reads that it did not, and that asked PostgreSQL.", lambda tally: tally.misses),
    ("switchyard_cache_sets_total", "Values that were stored.", lambda tally: tally.sets),
    ("switchyard_cache_errors_total", "Questions that Redis did not answer in time.", lambda tally: tally.errors),
)

_SCHEDULES: tuple[tuple[str, str, Callable[[ScheduleRow], int]], ...] = (
    ("switchyard_schedule_fired_total", "Jobs accepted because a schedule was due.", lambda row: row.fired),
    ("switchyard_schedule_missed_total", "Due times at which no steward was there to fire.", lambda row: row.missed),
    (
        "switchyard_schedule_overlapped_total",
        "Due times at which the schedule's former job was unfinished.",
        lambda row: row.overlapped,
    ),
)

_SCHEDULE_TIMES: tuple[tuple[str, str, Callable[[ScheduleRow], float]], ...] = (
    (
        "switchyard_schedule_overdue_seconds",
        "By how much a schedule's next run is late: no steward is there, or none can reach the stores.",
        lambda row: row.overdue_s,
    ),
    (
        "switchyard_schedule_since_success_seconds",
        "How long ago a job of a schedule has succeeded; +Inf where none has.",
        lambda row: row.since_success_s,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the stores answered, and how the process does that asked them.

    `reading`, `decisions` and `cache` are None where Redis did not answer, `schedules` empty and `upkeep` None where
    PostgreSQL did not.
    """

    reading: Reading | None
    postgresql_up: bool
    schedules: Sequence[ScheduleRow] = ()
    decisions: Mapping[PolicyCell, int] | None = None
    limiter_is_away: bool = False
    cache: Mapping[str, CacheTally] | None = None
    upkeep: Figures | None = None


class SiteCollector(Collector):
    """Makes the families of one snapshot.

    Each pair of a declared task and one of its queues is there from the start, at zero: `rate` does not see a series'
    first step if the series begins with it. While Redis is down they are all left out: a zero would look like a
    counter that began anew, and what was counted before would be counted twice when Redis is back.
    """

    def __init__(self, tasks: TaskTable, snapshot: Snapshot) -> None:
        self._declared = tuple(Pair(queue, task.name) for task in tasks.values() for queue in task.queues)
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Give the families in the order in which they are printed."""
        reading = self._snapshot.reading
        yield _build()
        yield _up("switchyard_redis_up", "Whether Redis answered this scrape.", is_up=reading is not None)
        yield _up(
            "switchyard_postgresql_up", "Whether PostgreSQL answered this scrape.", is_up=self._snapshot.postgresql_up
        )
        yield from _schedules(self._snapshot.schedules)
        if self._snapshot.upkeep is not None:
            yield from _upkeep(self._snapshot.upkeep)
        yield GaugeMetricFamily(
            "switchyard_rate_limit_redis_away",
            "Whether the process that answers decides about limits without Redis.",
            value=int(self._snapshot.limiter_is_away),
        )
        if self._snapshot.decisions is not None:
            yield _decisions(self._snapshot.decisions)
        if self._snapshot.cache is not None:
            yield from _cache(self._snapshot.cache)
        if reading is None:
            return
        undeclared = sorted(reading.tallies.keys() - set(self._declared))
        pairs = (*self._declared, *undeclared[:MOST_UNDECLARED])
        tallies = [(pair, reading.tallies.get(pair, _NOTHING)) for pair in pairs]
        yield from _counters(tallies)
        yield from _histograms(tallies)
        yield _entries(reading)
        yield GaugeMetricFamily(
            "switchyard_history_behind_seconds",
            "Age of the oldest event that no steward has written into PostgreSQL yet.",
            value=reading.behind_s,
        )
        yield GaugeMetricFamily(
            "switchyard_undeclared_pairs_left_out",
            f"Pairs of queue and task that no task here declares, beyond the {MOST_UNDECLARED} that are shown.",
            value=max(0, len(undeclared) - MOST_UNDECLARED),
        )


def expose(tasks: TaskTable, snapshot: Snapshot, *, accept: str) -> tuple[bytes, str]:
    """Print a snapshot in the format that an Accept header asks for, and give its media type too."""
    registry = CollectorRegistry()  # not prometheus_client's own, which holds whatever any library puts there
    registry.register(SiteCollector(tasks, snapshot))
    try:
        encoder, media_type = choose_encoder(accept)
    except (TypeError, ValueError):  # prometheus_client 0.26 breaks on a version that is no number
        encoder, media_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return encoder(registry), media_type


def _build() -> Metric:
    about = {"version": __version__, "python": platform.python_version()}
    return InfoMetricFamily("switchyard_build", "The version of the process that answers.", value=about)


def _up(name: str, meaning: str, *, is_up: bool) -> Metric:
    return GaugeMetricFamily(name, meaning, value=int(is_up))


def _schedules(rows: Sequence[ScheduleRow]) -> Iterator[Metric]:
    for name, meaning, count in _SCHEDULES:
        family = CounterMetricFamily(name, meaning, labels=("schedule",))
        for row in rows:
            family.add_metric((row.name,), count(row))
        yield family
    for name, meaning, seconds in _SCHEDULE_TIMES:
        times = GaugeMetricFamily(name, meaning, labels=("schedule",))
        for row in rows:
            times.add_metric((row.name,), seconds(row))
        yield times


def _upkeep(figures: Figures) -> Iterator[Metric]:
    alerts = GaugeMetricFamily("switchyard_alerts_open", "Alerts that are open.", labels=("kind",))
    for kind, amount in figures.open_alerts.items():
        alerts.add_metric((kind,), amount)
    yield alerts
    if not figures.makes_backups:
        return
    age_s = math.inf if figures.backup is None else figures.backup.age_s
    yield GaugeMetricFamily(
        "switchyard_backup_age_seconds", "How old what the newest backup shows is; +Inf without one.", value=age_s
    )
    if figures.backup is not None:
        yield GaugeMetricFamily("switchyard_backup_bytes", "The size of the newest backup.", value=figures.backup.size)


def _counters(tallies: Sequence[tuple[Pair, Tally]]) -> Iterator[Metric]:
    for name, meaning, count in _COUNTERS:
        family = CounterMetricFamily(name, meaning, labels=_PAIR)
        for pair, tally in tallies:
            family.add_metric((pair.queue, pair.task), count(tally))
        yield family
    ended = CounterMetricFamily(
        "switchyard_jobs_ended_total", "Jobs that ended, by the state that they ended in.", labels=(*_PAIR, "state")
    )
    for pair, tally in tallies:
        for state in ENDS:
            ended.add_metric((pair.queue, pair.task, state), tally.ended[state])
    yield ended


def _histograms(tallies: Iterable[tuple[Pair, Tally]]) -> Iterator[Metric]:
    wait = HistogramMetricFamily(
        "switchyard_job_wait_seconds",
        "From when a job was due and ready to the start of its try.",
        labels=_PAIR,
        unit="seconds",
    )
    run = HistogramMetricFamily("switchyard_job_run_seconds", "How long a try ran.", labels=_PAIR, unit="seconds")
    for pair, tally in tallies:
        labels = (pair.queue, pair.task)
        wait.add_metric(labels, _buckets(WAIT_BOUNDS_MS, tally.wait), tally.wait.sum_ms / 1000)
        run.add_metric(labels, _buckets(RUN_BOUNDS_MS, tally.run), tally.run.sum_ms / 1000)
    yield from (wait, run)


def _buckets(bounds_ms: Sequence[int], histogram: Histogram) -> list[tuple[str, float]]:
    """Cumulate: a bucket of Prometheus counts all values up to its bound."""
    bounds = (*(bound / 1000 for bound in bounds_ms), float("inf"))
    return list(zip(map(floatToGoString, bounds), accumulate(histogram.counts), strict=True))


def _decisions(counted: Mapping[PolicyCell, int]) -> Metric:
    """Show what became of requests; what is most probable to be counted is there from the start."""
    family = CounterMetricFamily(
        "switchyard_rate_limit_requests_total",
        "Requests by what became of them, and by the policy that denied them or had least left.",
        labels=("policy", "tier", "outcome", "backend"),
    )
    expected = [
        PolicyCell(policy, tier, outcome, Backend.REDIS)
        for policy in (*Category, IP_GUARD)
        for tier in Tier
        for outcome in (Outcome.ALLOWED, Outcome.DENIED)
    ]
    for cell, count in {**dict.fromkeys(expected, 0), **counted}.items():
        family.add_metric((cell.policy, cell.tier, cell.outcome, cell.backend), count)
    return family


def _cache(tallies: Mapping[str, CacheTally]) -> Iterator[Metric]:
    for name, meaning, count in _CACHE:
        family = CounterMetricFamily(name, meaning, labels=("type",))
        for scope, tally in tallies.items():
            family.add_metric((scope,), count(tally))
        yield family


def _entries(reading: Reading) -> Metric:
    entries = GaugeMetricFamily(
        "switchyard_queue_entries",
        "Entries of a queue: ready to be claimed; timed, which are delayed, backing off or running under a lease; "
        "parked, their owner being at his limit; in quarantine; foreign, to be adopted.",
        labels=("queue", "band"),
    )
    for queue, counts in reading.entries.items():
        for band, count in counts.items():
            entries.add_metric((queue, band), count)
    return entries
