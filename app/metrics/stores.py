"""The stores: whether they answer."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from app.metrics import families


def stores_families(*, redis_up: bool, postgresql_up: bool) -> Iterator[Metric]:
    """Give what is known of each."""
    yield families.gauge("switchyard_redis_up", "Whether Redis answered this scrape.", int(redis_up))
    yield families.gauge("switchyard_postgresql_up", "Whether PostgreSQL answered this scrape.", int(postgresql_up))
