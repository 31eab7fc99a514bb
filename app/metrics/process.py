"""The process that answers."""

import platform
from collections.abc import Iterator

from prometheus_client.core import InfoMetricFamily
from prometheus_client.metrics_core import Metric

from app import __version__
from app.metrics import families


def process_families(loop_lag_s: float) -> Iterator[Metric]:
    """Give what it is, and how late its event loop is."""
    about = {"version": __version__, "python": platform.python_version()}
    yield InfoMetricFamily("switchyard_build", "The version of the process that answers.", value=about)
    yield families.gauge(
        "switchyard_web_loop_lag_seconds",
        "The greatest lag of the event loop of the process that answers, in its last 15 seconds.",
        loop_lag_s,
    )
