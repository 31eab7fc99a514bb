"""The stores: whether they answer and how soon, Redis' memory, and the connections of the process that answers."""

from collections.abc import Iterator, Mapping

from prometheus_client.metrics_core import Metric

from app.metrics import families
from jobs.stores.memory import MemoryUse
from jobs.stores.pools import PoolUse

_NAMES = {"redis": "Redis", "postgresql": "PostgreSQL"}


def up(store: str, *, is_up: bool) -> Metric:
    """Give whether a store answered."""
    return families.gauge(f"switchyard_{store}_up", f"Whether {_NAMES[store]} answered this scrape.", int(is_up))


def took(store: str, seconds: float) -> Metric:
    """Give how soon it did."""
    meaning = f"How long {_NAMES[store]} took to answer in this scrape."
    return families.gauge(f"switchyard_{store}_seconds", meaning, seconds)


def memory_families(memory: MemoryUse) -> Iterator[Metric]:
    """Give what Redis says of its memory."""
    yield families.gauge("switchyard_redis_memory_bytes", "Memory that Redis takes.", memory.used_bytes)
    yield families.gauge(
        "switchyard_redis_memory_max_bytes", "Memory that Redis may take; 0 without a bound.", memory.most_bytes
    )


def pools_families(pools: Mapping[str, PoolUse]) -> Iterator[Metric]:
    """Give the connections of the process that answers, by store."""
    yield families.gauges(
        "switchyard_pool_connections",
        "Connections of the process that answers: used, which somebody has borrowed, and idle.",
        ("store", "state"),
        [
            ((store, state), amount)
            for store, use in pools.items()
            for state, amount in (("used", use.used), ("idle", use.idle))
        ],
    )
    yield families.gauges(
        "switchyard_pool_size",
        "How many connections the process that answers may have; +Inf where nothing bounds them.",
        ("store",),
        [((store,), use.size) for store, use in pools.items()],
    )
