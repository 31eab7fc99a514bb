"""From a snapshot to what Prometheus reads."""

import math
import tomllib
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from app import __version__
from app.metrics.exposition import expose
from app.metrics.jobs import MOST_UNDECLARED
from app.metrics.snapshot import InPostgresql, InRedis, Snapshot
from jobs.counters import ENDS, RUN_BOUNDS_MS, WAIT_BOUNDS_MS, Histogram, Pair, Tally
from jobs.model import State
from jobs.overview import QueueOverview, SiteOverview
from jobs.registry import Task, TaskTable
from jobs.roster import Roster
from jobs.scoring import Band
from jobs.stores.places import Glance
from jobs.stores.schedules import ScheduleRow
from jobs.stores.statistics import Reading
from tests.support.metrics import Samples, samples_of, value_of

ROOT = Path(__file__).parents[3]
COUNTERS = (
    "switchyard_jobs_enqueued_total",
    "switchyard_jobs_started_total",
    "switchyard_jobs_retried_total",
    "switchyard_leases_lost_total",
    "switchyard_leases_recovered_total",
    "switchyard_jobs_handed_back_total",
)
ENDED = "switchyard_jobs_ended_total"
HISTOGRAMS = {"switchyard_job_wait_seconds": WAIT_BOUNDS_MS, "switchyard_job_run_seconds": RUN_BOUNDS_MS}
ENTRIES = "switchyard_queue_entries"
LEFT_OUT = "switchyard_undeclared_pairs_left_out"


def work() -> None:
    """Do nothing."""


TASKS = TaskTable(
    [
        Task(name="shop.greet", function=work, queue="orders", other_queues=("scheduled",)),
        Task(name="shop.count", function=work, queue="orders"),
    ]
)
PAIR = Pair("orders", "shop.greet")
PAIRS = (PAIR, Pair("scheduled", "shop.greet"), Pair("orders", "shop.count"))


def labels_of(pair: Pair, **more: str) -> frozenset[tuple[str, str]]:
    """Give the labels of a series."""
    return frozenset({"queue": pair.queue, "task": pair.task, **more}.items())


def snapshot(tallies: Mapping[Pair, Tally] | None = None) -> Snapshot:
    """Give a snapshot of stores that are up, with nothing in the queues."""
    empty = {queue: dict.fromkeys(Band, 0) for queue in TASKS.queues}
    return Snapshot(redis=in_redis(empty, tallies or {}), postgresql=InPostgresql(seconds=0.001))


def in_redis(entries: Mapping[str, Mapping[Band, int]], tallies: Mapping[Pair, Tally]) -> InRedis:
    """Give a Redis that has so much in its queues, and nobody who works."""
    glance = Glance(paused_ms=None, oldest_wait_s=None, started_per_s=0.0)
    queues = [
        QueueOverview(name=name, entries=bands, glance=glance, running=0, slots=0, workers=0)
        for name, bands in entries.items()
    ]
    reading = Reading(tallies=tallies, entries=entries)
    return InRedis(
        seconds=0.001,
        site=SiteOverview(reading=reading, queues=queues, roster=Roster()),
    )


def shown(of: Snapshot) -> Samples:
    """Expose a snapshot in the plain format and read it."""
    body, media_type = expose(TASKS, of, accept="")
    assert media_type == "text/plain; version=0.0.4; charset=utf-8"
    return samples_of(body.decode())


def test_every_declared_label_set_is_there_at_zero() -> None:
    """Else the first failure of a task would be invisible to `rate`."""
    samples = shown(snapshot())
    for name in COUNTERS:
        assert samples[name] == {labels_of(pair): 0 for pair in PAIRS}
    assert samples[ENDED] == {labels_of(pair, state=state): 0 for pair, state in product(PAIRS, ENDS)}
    for name in HISTOGRAMS:
        for part in ("count", "sum"):
            assert samples[f"{name}_{part}"] == {labels_of(pair): 0 for pair in PAIRS}
        assert set(samples[f"{name}_bucket"].values()) == {0}
    bands = {frozenset({("queue", queue), ("band", band)}): 0 for queue, band in product(TASKS.queues, Band)}
    assert samples[ENTRIES] == bands


def test_each_number_is_shown_under_its_name() -> None:
    """And at the pair that it was counted of, while the others stay at zero."""
    ended = {**Tally().ended, State.FAILED: 7}
    tally = Tally(enqueued=1, started=2, retried=3, lost=4, recovered=5, handed_back=6, ended=ended)
    samples = shown(snapshot({PAIR: tally}))
    assert [samples[name][labels_of(PAIR)] for name in COUNTERS] == [1, 2, 3, 4, 5, 6]
    assert samples[ENDED][labels_of(PAIR, state="failed")] == 7
    assert sum(sum(samples[name].values()) for name in (*COUNTERS, ENDED)) == 28


def test_schedules_are_shown_whether_redis_is_there_or_not() -> None:
    """PostgreSQL keeps what is counted of them."""
    row = ScheduleRow(name="nightly", fired=1, missed=2, overlapped=3, overdue_s=4.5, since_success_s=90.0)
    samples = shown(Snapshot(redis=None, postgresql=InPostgresql(seconds=0.001, schedules=[row])))
    counts = [samples[f"switchyard_schedule_{name}_total"] for name in ("fired", "missed", "overlapped")]
    assert counts == [{frozenset({("schedule", "nightly")}): count} for count in (1, 2, 3)]
    assert value_of(samples, "switchyard_schedule_overdue_seconds", schedule="nightly") == 4.5
    assert value_of(samples, "switchyard_schedule_since_success_seconds", schedule="nightly") == 90.0


def test_a_schedule_that_never_ran_is_there() -> None:
    """Its last success is infinitely long ago, which every alert on it sees."""
    schedules = [ScheduleRow(name="nightly")]
    samples = shown(Snapshot(redis=None, postgresql=InPostgresql(seconds=0.001, schedules=schedules)))
    assert value_of(samples, "switchyard_schedule_since_success_seconds", schedule="nightly") == math.inf


@pytest.mark.parametrize("name", HISTOGRAMS)
def test_buckets_are_cumulative_and_end_with_infinity(name: str) -> None:
    """In seconds; the last is the count."""
    bounds = HISTOGRAMS[name]
    counts = tuple(range(1, len(bounds) + 2))
    histogram = Histogram(counts=counts, sum_ms=12_345)
    samples = shown(snapshot({PAIR: Tally(wait=histogram) if "wait" in name else Tally(run=histogram)}))
    buckets = {
        float(dict(labels)["le"]): value
        for labels, value in samples[f"{name}_bucket"].items()
        if labels_of(PAIR) <= labels
    }
    assert list(buckets) == [*(bound / 1000 for bound in bounds), math.inf]
    assert list(buckets.values()) == [sum(counts[: index + 1]) for index in range(len(counts))]
    assert samples[f"{name}_count"][labels_of(PAIR)] == buckets[math.inf] == sum(counts)
    assert samples[f"{name}_sum"][labels_of(PAIR)] == 12.345


def test_entries_are_shown_by_queue_and_band() -> None:
    """As they were counted."""
    entries = {"orders": {**dict.fromkeys(Band, 0), Band.READY: 3, Band.PARKED: 1}}
    samples = shown(Snapshot(redis=in_redis(entries, {}), postgresql=None))
    assert value_of(samples, ENTRIES, queue="orders", band="ready") == 3
    assert value_of(samples, ENTRIES, queue="orders", band="parked") == 1


def test_without_redis_nothing_that_it_keeps_is_shown() -> None:
    """A zero would be a counter that began anew, and what it had would count twice when Redis is back."""
    samples = shown(Snapshot(redis=None, postgresql=InPostgresql(seconds=0.001)))
    assert set(samples) == {
        "switchyard_redis_up",
        "switchyard_postgresql_up",
        "switchyard_postgresql_seconds",
        "switchyard_build_info",
        "switchyard_web_loop_lag_seconds",
        "switchyard_rate_limit_redis_away",
    }
    assert value_of(samples, "switchyard_redis_up") == 0
    assert value_of(samples, "switchyard_postgresql_up") == 1


def test_without_postgresql_the_rest_is_shown() -> None:
    """The counters are not its."""
    of = Snapshot(redis=snapshot().redis, postgresql=None)
    samples = shown(of)
    assert value_of(samples, "switchyard_redis_up") == 1
    assert value_of(samples, "switchyard_postgresql_up") == 0
    assert set(samples[ENDED]) == set(shown(snapshot())[ENDED])


def test_what_nobody_declared_is_shown_too() -> None:
    """Also a stock job without a task, and whatever signs a name has."""
    strange = Pair('a"b\\c\nd', "")
    samples = shown(snapshot({strange: Tally(started=7)}))
    assert samples["switchyard_jobs_started_total"][labels_of(strange)] == 7
    assert samples["switchyard_job_run_seconds_count"][labels_of(strange)] == 0
    assert value_of(samples, LEFT_OUT) == 0


def test_strangers_cannot_make_any_number_of_series() -> None:
    """Beyond a hundred pairs they are counted, not shown; what is declared always is."""
    many = {Pair(f"a{number:03}", "t"): Tally(started=1) for number in range(MOST_UNDECLARED + 5)}
    samples = shown(snapshot({**many, PAIR: Tally(started=9)}))
    started = samples["switchyard_jobs_started_total"]
    assert len(started) == len(PAIRS) + MOST_UNDECLARED
    assert started[labels_of(PAIR)] == 9
    assert value_of(samples, LEFT_OUT) == 5


def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    """Its strict parser takes all of it."""
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    body, media_type = expose(TASKS, snapshot({PAIR: Tally(enqueued=1)}), accept=accept)
    assert media_type.startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert body.endswith(b"# EOF\n")
    families = read_openmetrics(body.decode())  # type: ignore[no-untyped-call]  # it has no annotations
    found = {family.name: family for family in families}
    assert found["switchyard_jobs_enqueued"].type == "counter"
    assert found["switchyard_job_wait_seconds"].unit == "seconds"
    assert found["switchyard_build"].type == "info"


@pytest.mark.parametrize(
    "accept",
    ["text/html", "*/*", "application/openmetrics-text;version=abc", "text/plain;version=;=", ";,;", "text/plain"],
)
def test_whoever_asks_for_anything_else_gets_the_plain_format(accept: str) -> None:
    """A browser, and a header that makes no sense."""
    assert expose(TASKS, snapshot(), accept=accept)[1] == "text/plain; version=0.0.4; charset=utf-8"


def test_the_version_that_is_shown_is_the_project_s() -> None:
    """Nothing of ours is installed as a package that could be asked."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert __version__ == project["version"]
    (build,) = shown(snapshot())["switchyard_build_info"]
    assert ("version", __version__) in build
