"""The cache: what became of reads, by type of what is read."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import Metric

from app.metrics import families
from app.metrics.families import Column
from jobs.cache.counts import Tally

_COUNTERS: tuple[Column[Tally], ...] = (
    ("switchyard_cache_hits_total", "Reads that the cache answered.", lambda tally: tally.hits),
    ("switchyard_cache_misses_total", "Reads that it did not, and that asked PostgreSQL.", lambda tally: tally.misses),
    ("switchyard_cache_sets_total", "Values that were stored.", lambda tally: tally.sets),
    ("switchyard_cache_errors_total", "Questions that Redis did not answer in time.", lambda tally: tally.errors),
)


def cache_families(tallies: Mapping[str, Tally]) -> Iterator[Metric]:
    """Give the counters."""
    subjects = [((scope,), tally) for scope, tally in tallies.items()]
    return families.columns(families.counters, _COUNTERS, ("type",), subjects)
