"""Stewards: how far they are behind."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.metrics import families
from jobs.stores.statistics import Reading


def history_families(reading: Reading) -> Iterator[Metric]:
    """Give what Redis knows."""
    yield families.gauge(
        "switchyard_history_behind_seconds",
        "Age of the oldest event that no steward has written into PostgreSQL yet.",
        reading.behind_s,
    )
