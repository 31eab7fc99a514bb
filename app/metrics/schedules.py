"""What runs by itself: schedules, canaries, the alerts that have been opened, and the newest backup."""

import math
from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric

from app.metrics import families
from app.metrics.families import Column
from jobs.stores.schedules import ScheduleRow
from jobs.tasks.scheduled.service import Canary, Figures

_COUNTERS: tuple[Column[ScheduleRow], ...] = (
    ("switchyard_schedule_fired_total", "Jobs accepted because a schedule was due.", lambda row: row.fired),
    ("switchyard_schedule_missed_total", "Due times at which no steward was there to fire.", lambda row: row.missed),
    (
        "switchyard_schedule_overlapped_total",
        "Due times at which the schedule's former job was unfinished.",
        lambda row: row.overlapped,
    ),
)

_TIMES: tuple[Column[ScheduleRow], ...] = (
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


def schedules_families(rows: Sequence[ScheduleRow]) -> Iterator[Metric]:
    """Give the counters and times of schedules."""
    subjects = [((row.name,), row) for row in rows]
    yield from families.columns(families.counters, _COUNTERS, ("schedule",), subjects)
    yield from families.columns(families.gauges, _TIMES, ("schedule",), subjects)


def canaries_families(canaries: Sequence[Canary]) -> Iterator[Metric]:
    """Give the age of the newest canary that has come back, by queue."""
    yield families.gauges(
        "switchyard_canary_age_seconds",
        "How long ago a canary of a queue has come back; +Inf where none has.",
        ("queue",),
        [((canary.queue,), math.inf if canary.age_s is None else canary.age_s) for canary in canaries],
    )


def upkeep_families(figures: Figures) -> Iterator[Metric]:
    """Give alerts and backups; those of a site that makes none are left out."""
    open_alerts = [((kind,), amount) for kind, amount in figures.open_alerts.items()]
    yield families.gauges("switchyard_alerts_open", "Alerts that are open.", ("kind",), open_alerts)
    if not figures.makes_backups:
        return
    age_s = math.inf if figures.backup is None else figures.backup.age_s
    yield families.gauge(
        "switchyard_backup_age_seconds", "How old what the newest backup shows is; +Inf without one.", age_s
    )
    if figures.backup is not None:
        yield families.gauge("switchyard_backup_bytes", "The size of the newest backup.", figures.backup.size)
