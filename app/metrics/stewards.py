"""Stewards: how far they are behind."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.metrics import families
from jobs.stores.arrears import MOST_COUNTED, Arrears
from jobs.stores.statistics import Reading


def history_families(reading: Reading) -> Iterator[Metric]:
    """Give what Redis knows."""
    yield families.gauge(
        "switchyard_history_behind_seconds",
        "Age of the oldest event that no steward has written into PostgreSQL yet.",
        reading.behind_s,
    )


def arrears_families(arrears: Arrears) -> Iterator[Metric]:
    """Give what PostgreSQL knows."""
    yield families.gauge(
        "switchyard_steward_tick_age_seconds",
        "How long ago a steward has last compared the two stores; +Inf where none has.",
        arrears.tick_age_s,
    )
    yield families.gauge(
        "switchyard_jobs_not_enqueued",
        "Jobs accepted over five seconds ago that PostgreSQL does not know to be in Redis; "
        f"counted up to {MOST_COUNTED:,}.",
        arrears.not_enqueued,
    )
