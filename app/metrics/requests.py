"""Requests: what was answered and how soon, by route, and submissions that a quota refused."""

from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric

from app.metrics import families
from app.traffic import BOUNDS_S, Tally

_EXPECTED = ("2xx", "4xx", "5xx")


def requests_families(routes: Sequence[str], tally: Tally) -> Iterator[Metric]:
    """Give the counters and times.

    What each of these routes is expected to answer is there from the start, at zero; its times are once it has been
    asked for: a quantile begins with what it is of.
    """
    answers = {**dict.fromkeys(((route, status) for route in routes for status in _EXPECTED), 0), **tally.answers}
    yield families.counters(
        "switchyard_http_requests_total",
        "Requests that were answered, by the class of the status.",
        ("method", "route", "status"),
        [((*_labels(route), status), count) for (route, status), count in answers.items()],
    )
    yield families.histograms(
        "switchyard_http_request_seconds",
        "How long an answer took; of those that wait for what a client wants to see, none.",
        ("method", "route"),
        [
            (_labels(route), families.buckets(BOUNDS_S, timing.counts), timing.sum_s)
            for route, timing in tally.timings.items()
        ],
    )
    yield families.counters(
        "switchyard_quota_refusals_total",
        "Submissions that were refused because their owner has too many unfinished jobs.",
        ("quota",),
        [((quota,), count) for quota, count in tally.refusals.items()],
    )


def _labels(route: str) -> tuple[str, str]:
    """Tell method and path; a path that leads nowhere has none."""
    method, _, path = route.partition(" ")
    return method, path
