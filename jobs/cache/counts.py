"""What is counted of the cache, by scope: in this process until it is stored, and over all of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_SEPARATOR = "|"


class Count(StrEnum):
    """What is counted. Each read is a hit or a miss."""

    HITS = "hits"  # answered by what was there, or by what another reader has just made
    MISSES = "misses"  # the function ran
    SETS = "sets"  # what it gave was stored
    ERRORS = "errors"  # Redis was asked, and did not answer in time or could not do it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All that was counted of a scope."""

    hits: int = 0
    misses: int = 0
    sets: int = 0
    errors: int = 0

    @property
    def hit_rate(self) -> float | None:
        """The share of reads that were hits, 0 to 1; None where there was no read."""
        reads = self.hits + self.misses
        return self.hits / reads if reads else None


class Counts:
    """What this process has counted and not stored. It is bounded by the scopes that there are."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def add(self, scope: str, count: Count) -> None:
        """Count one."""
        self._counted[f"{scope}{_SEPARATOR}{count}"] += 1

    def take(self) -> Mapping[str, int]:
        """Give all, by the field of Redis' hash; begin anew."""
        counted, self._counted = self._counted, Counter()
        return counted

    def give_back(self, counted: Mapping[str, int]) -> None:
        """Count again what could not be stored."""
        self._counted.update(counted)


def tally_of(scope: str, fields: Mapping[str, int]) -> Tally:
    """Read what the hash has of a scope."""
    return Tally(**{str(count): fields.get(f"{scope}{_SEPARATOR}{count}", 0) for count in Count})
