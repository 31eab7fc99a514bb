"""Reading an answer of /metrics as Prometheus does."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[str, Mapping[frozenset[tuple[str, str]], float]]


def samples_of(text: str) -> Samples:
    """Give the samples by name, and those of a name by their labels. AssertionError where one comes twice."""
    samples: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            of_name = samples.setdefault(sample.name, {})
            assert labels not in of_name, sample
            of_name[labels] = sample.value
    return samples


def value_of(samples: Samples, name: str, **labels: str) -> float:
    """Give the one sample of exactly these labels. Raises KeyError."""
    return samples[name][frozenset(labels.items())]
