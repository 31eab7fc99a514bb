"""The process that answers."""

import platform
from collections.abc import Iterator

from prometheus_client.core import InfoMetricFamily
from prometheus_client.metrics_core import Metric

from app import __version__


def process_families() -> Iterator[Metric]:
    """Give what it is."""
    about = {"version": __version__, "python": platform.python_version()}
    yield InfoMetricFamily("switchyard_build", "The version of the process that answers.", value=about)
