"""How a family is made: the ways in which all of them name their series. It knows no meaning."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.utils import floatToGoString

Labels: TypeAlias = Sequence[str]
Samples: TypeAlias = Iterable[tuple[Labels, float]]  # the values of the labels, and the value

Subject = TypeVar("Subject")
Column: TypeAlias = tuple[
    str, str, Callable[[Subject], float]
]  # a family's name and meaning, and its value of one subject


def gauge(name: str, meaning: str, value: float) -> Metric:
    """Make a gauge without labels."""
    return GaugeMetricFamily(name, meaning, value=value)


def gauges(name: str, meaning: str, labels: Labels, samples: Samples) -> Metric:
    """Make a gauge with a series for each sample."""
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def counters(name: str, meaning: str, labels: Labels, samples: Samples) -> Metric:
    """Make a counter with a series for each sample."""
    family = CounterMetricFamily(name, meaning, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def columns(
    make: Callable[[str, str, Labels, Samples], Metric],
    table: Iterable[Column[Subject]],
    labels: Labels,
    subjects: Sequence[tuple[Labels, Subject]],
) -> Iterator[Metric]:
    """Make a family for each column of a table, with a series for each subject."""
    for name, meaning, value_of in table:
        yield make(name, meaning, labels, [(values, value_of(subject)) for values, subject in subjects])


def histograms(
    name: str, meaning: str, labels: Labels, samples: Iterable[tuple[Labels, Sequence[tuple[str, float]], float]]
) -> Metric:
    """Make a histogram of seconds; a sample has the values of the labels, its buckets, and the sum of its values."""
    family = HistogramMetricFamily(name, meaning, labels=labels, unit="seconds")
    for values, buckets, sum_s in samples:
        family.add_metric(values, buckets, sum_s)
    return family


def buckets(bounds_s: Iterable[float], counts: Iterable[int]) -> list[tuple[str, float]]:
    """Cumulate: a bucket of Prometheus counts all values up to its bound. One more than the bounds is above all."""
    bounds = (*bounds_s, float("inf"))
    return list(zip(map(floatToGoString, bounds), accumulate(counts), strict=True))
