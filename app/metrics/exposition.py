"""Prints a snapshot as Prometheus reads it."""

from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.metrics.cache import cache_families
from app.metrics.jobs import jobs_families
from app.metrics.limits import decisions_families, limiter_families
from app.metrics.process import process_families
from app.metrics.queues import queues_families
from app.metrics.requests import requests_families
from app.metrics.schedules import canaries_families, schedules_families, upkeep_families
from app.metrics.snapshot import InPostgresql, InRedis, Snapshot
from app.metrics.stewards import arrears_families, history_families
from app.metrics.stores import memory_families, pools_families, took, up
from app.metrics.workers import workers_families
from jobs.registry import TaskTable


class SiteCollector(Collector):
    """Makes the families of one snapshot.

    What a store keeps that is down is left out: a zero would look like a counter that began anew, and what was counted
    before would be counted twice when the store is back.
    """

    def __init__(self, tasks: TaskTable, snapshot: Snapshot) -> None:
        self._tasks = tasks
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Give the families in the order in which they are printed."""
        snapshot = self._snapshot
        yield from process_families(snapshot.loop_lag_s)
        yield from pools_families(snapshot.pools)
        yield from limiter_families(is_away=snapshot.limiter_is_away)
        yield up("redis", is_up=snapshot.redis is not None)
        if snapshot.redis is not None:
            yield from _in_redis(self._tasks, snapshot.routes, snapshot.redis)
        yield up("postgresql", is_up=snapshot.postgresql is not None)
        if snapshot.postgresql is not None:
            yield from _in_postgresql(snapshot.postgresql)


def expose(tasks: TaskTable, snapshot: Snapshot, *, accept: str) -> tuple[bytes, str]:
    """Print a snapshot in the format that an Accept header asks for, and give its media type too."""
    registry = CollectorRegistry()  # not prometheus_client's own, which holds whatever any library puts there
    registry.register(SiteCollector(tasks, snapshot))
    try:
        encoder, media_type = choose_encoder(accept)
    except (TypeError, ValueError):  # prometheus_client 0.26 breaks on a version that is no number
        encoder, media_type = generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return encoder(registry), media_type


def _in_redis(tasks: TaskTable, routes: Sequence[str], found: InRedis) -> Iterator[Metric]:
    yield took("redis", found.seconds)
    yield from jobs_families(tasks, found.site.reading)
    yield from queues_families(found.site.queues)
    yield from workers_families(found.site.roster)
    yield from history_families(found.site.reading)
    if found.memory is not None:
        yield from memory_families(found.memory)
    if found.decisions is not None:
        yield from decisions_families(found.decisions)
    if found.cache is not None:
        yield from cache_families(found.cache)
    if found.traffic is not None:
        yield from requests_families(routes, found.traffic)


def _in_postgresql(found: InPostgresql) -> Iterator[Metric]:
    yield took("postgresql", found.seconds)
    yield from schedules_families(found.schedules)
    yield from canaries_families(found.canaries)
    if found.arrears is not None:
        yield from arrears_families(found.arrears)
    if found.upkeep is not None:
        yield from upkeep_families(found.upkeep)
