"""Queues: what is in them."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.metrics import families
from jobs.stores.statistics import Reading


def queues_families(reading: Reading) -> Iterator[Metric]:
    """Give the gauges, each by queue."""
    yield families.gauges(
        "switchyard_queue_entries",
        "Entries of a queue: ready to be claimed; timed, which are delayed, backing off or running under a lease; "
        "parked, their owner being at his limit; in quarantine; foreign, to be adopted.",
        ("queue", "band"),
        [((queue, band), count) for queue, counts in reading.entries.items() for band, count in counts.items()],
    )
