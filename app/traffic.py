"""What requests were answered, and how soon: counted in this process until it is stored, and over all of them.

A field of Redis' hash is `answered|<route>|<class of the status>`, `took|<route>|<index of the bucket>`, with
`took_us|<route>` as the sum, or `refused|<quota>`. A route is what `app.templates` makes of a request: there are few.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# The longest of each bucket in seconds; one more follows, for all that took longer. The hash has indexes only: whoever
# changes a bound must give `took` another name.
BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAITING: Final = "waiting"  # the quota of unfinished jobs
QUOTAS: Final = (WAITING,)

_SEPARATOR = "|"
_ANSWERED, _TOOK, _TOOK_US, _REFUSED = "answered", "took", "took_us", "refused"


@dataclass(slots=True, kw_only=True)
class Timing:
    """How often an answer's time fell into each bucket, not cumulated, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All that was counted: answers by route and class of status, times by route, submissions that a quota refused."""

    answers: Mapping[tuple[str, str], int]
    timings: Mapping[str, Timing]
    refusals: Mapping[str, int]


class Traffic:
    """What this process has counted and not stored. It is bounded by the routes that there are."""

    def __init__(self) -> None:
        self._counted: Counter[str] = Counter()

    def answered(self, route: str, status: int, took_s: float | None) -> None:
        """Count an answer; of one that waited for what its client wanted to see, `took_s` is None."""
        counted = self._counted
        counted[f"{_ANSWERED}|{route}|{status // 100}xx"] += 1
        if took_s is not None:
            counted[f"{_TOOK}|{route}|{bisect_left(BOUNDS_S, took_s)}"] += 1
            counted[f"{_TOOK_US}|{route}"] += round(took_s * 1e6)

    def refused(self, quota: str) -> None:
        """Count a submission that a quota refused."""
        self._counted[f"{_REFUSED}|{quota}"] += 1

    def take(self) -> Mapping[str, int]:
        """Give all, by the field of Redis' hash; begin anew."""
        counted, self._counted = self._counted, Counter()
        return counted

    def give_back(self, page: Mapping[str, int]) -> None:
        """Count again what could not be stored."""
        self._counted.update(page)


def tally_of(fields: Mapping[str, int]) -> Tally:
    """Read the hash; what is of no known form counts for nothing: processes that are newer may write more."""
    answers: dict[tuple[str, str], int] = {}
    timings: defaultdict[str, Timing] = defaultdict(Timing)
    refusals = dict.fromkeys(QUOTAS, 0)
    for name, value in fields.items():
        kind, _, rest = name.partition(_SEPARATOR)
        route, _, part = rest.partition(_SEPARATOR)
        if kind == _ANSWERED:
            answers[route, part] = value
        elif kind == _TOOK and part.isdecimal() and int(part) <= len(BOUNDS_S):
            timings[route].counts[int(part)] = value
        elif kind == _TOOK_US:
            timings[route].sum_s = value / 1e6
        elif kind == _REFUSED and route in refusals:
            refusals[route] = value
    return Tally(answers=answers, timings=timings, refusals=refusals)
