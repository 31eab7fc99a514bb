"""Queues: what is in them, how long it waits, and who serves them."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.metrics_core import Metric

from app.metrics import families
from app.metrics.families import Column
from jobs.overview import QueueOverview

_GAUGES: tuple[Column[QueueOverview], ...] = (
    (
        "switchyard_queue_oldest_wait_seconds",
        "How long the oldest of the next hundred ready jobs has waited since it was due; 0 where none is ready.",
        lambda queue: queue.glance.oldest_wait_s or 0.0,
    ),
    ("switchyard_queue_slots", "How many jobs the workers of a queue may run at once.", lambda queue: queue.slots),
    ("switchyard_queue_workers", "Live worker processes that serve a queue.", lambda queue: queue.workers),
    ("switchyard_queue_paused", "Whether a queue rests.", lambda queue: queue.glance.paused_ms is not None),
)

_STATES: tuple[tuple[str, Callable[[QueueOverview], int]], ...] = (
    ("ready", lambda queue: queue.ready),
    ("delayed", lambda queue: queue.delayed),
    ("running", lambda queue: queue.running),
    ("parked", lambda queue: queue.parked),
)


def queues_families(queues: Sequence[QueueOverview]) -> Iterator[Metric]:
    """Give the gauges, each by queue."""
    yield families.gauges(
        "switchyard_queue_entries",
        "Entries of a queue: ready to be claimed; timed, which are delayed, backing off or running under a lease; "
        "parked, their owner being at his limit; in quarantine; foreign, to be adopted.",
        ("queue", "band"),
        [((queue.name, band), count) for queue in queues for band, count in queue.entries.items()],
    )
    yield families.gauges(
        "switchyard_queue_jobs",
        "Unfinished jobs: ready; delayed, which are not due yet or back off; running, as live workers say; parked.",
        ("queue", "state"),
        [((queue.name, state), count_of(queue)) for queue in queues for state, count_of in _STATES],
    )
    yield from families.columns(families.gauges, _GAUGES, ("queue",), [((queue.name,), queue) for queue in queues])
