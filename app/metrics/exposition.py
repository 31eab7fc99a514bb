"""Prints a snapshot as Prometheus reads it."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.metrics.cache import cache_families
from app.metrics.jobs import jobs_families
from app.metrics.limits import decisions_families, limiter_families
from app.metrics.process import process_families
from app.metrics.queues import queues_families
from app.metrics.schedules import schedules_families, upkeep_families
from app.metrics.snapshot import Snapshot
from app.metrics.stewards import history_families
from app.metrics.stores import stores_families
from jobs.registry import TaskTable


class SiteCollector(Collector):
    """Makes the families of one snapshot.

    While Redis is down all that it keeps is left out: a zero would look like a counter that began anew, and what was
    counted before would be counted twice when Redis is back.
    """

    def __init__(self, tasks: TaskTable, snapshot: Snapshot) -> None:
        self._tasks = tasks
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Give the families in the order in which they are printed."""
        snapshot = self._snapshot
        yield from process_families()
        yield from stores_families(redis_up=snapshot.reading is not None, postgresql_up=snapshot.postgresql_up)
        yield from schedules_families(snapshot.schedules)
        if snapshot.upkeep is not None:
            yield from upkeep_families(snapshot.upkeep)
        yield from limiter_families(is_away=snapshot.limiter_is_away)
        if snapshot.decisions is not None:
            yield from decisions_families(snapshot.decisions)
        if snapshot.cache is not None:
            yield from cache_families(snapshot.cache)
        if snapshot.reading is not None:
            yield from jobs_families(self._tasks, snapshot.reading)
            yield from queues_families(snapshot.reading)
            yield from history_families(snapshot.reading)


def expose(tasks: TaskTable, snapshot: Snapshot, *, accept: str) -> tuple[bytes, str]:
    """Print a snapshot in the format that an Accept header asks for, and give its media type too."""
    registry = CollectorRegistry()  # not prometheus_client's own, which holds whatever any library puts there
    registry.register(SiteCollector(tasks, snapshot))
    try:
        encoder, media_type = choose_encoder(accept)
    except (TypeError, ValueError):  # prometheus_client 0.26 breaks on a version that is no number
        encoder, media_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return encoder(registry), media_type
