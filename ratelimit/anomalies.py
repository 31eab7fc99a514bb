"""Who asks for far more than he used to: a key's last minutes beside its own last hour. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

FLOOR: Final = 60  # requests in a minute below which nothing is worth a look
FACTOR: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """How much a key asked for: in the minute that is not over yet, the one before, and each before those."""

    key: str
    recent: Sequence[int]
    before: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A key with more than `FACTOR` times its baseline: requests a minute now, and on average before."""

    key: str
    per_minute: int
    baseline: float


def anomalies(histories: Iterable[KeyHistory]) -> list[Anomaly]:
    """Find them, the worst first. Below one request a minute every baseline counts as one."""
    found = []
    for history in histories:
        per_minute = max(history.recent, default=0)
        baseline = sum(history.before) / len(history.before) if history.before else 0.0
        if per_minute >= FLOOR and per_minute > FACTOR * max(baseline, 1.0):
            found.append(Anomaly(key=history.key, per_minute=per_minute, baseline=round(baseline, 2)))
    return sorted(found, key=lambda one: (one.baseline - one.per_minute, one.key))
