"""The words of the counters hash: its fields, and the bounds of its histograms. Scripts write it; it imports no store.

A field is `<counter>|<queue>|<task>`, where a counter is split further with `|<state>` or `|<index of the bucket>` at
its end; its value is a whole number that only grows. Only the script that makes a change of state counts it, so the
numbers are exact, for all processes together, and gone together where Redis loses its memory.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.model import State

ENQUEUED = "enqueued"
STARTED = "started"
ENDED = "ended"  # | state, one of ENDS
RETRIED = "retried"
LOST = "lost"
RECOVERED = "recovered"  # lost leases that the same worker took up again
HANDED_BACK = "handed_back"
WAIT_MS = "wait_ms"  # | index of the bucket; from when a job is due and ready to its claim
RUN_MS = "run_ms"  # | index of the bucket; one try
WAIT_MS_SUM = "wait_ms_sum"
RUN_MS_SUM = "run_ms_sum"

ENDS = (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED)

_S = 1000
_MIN = 60 * _S
_H = 60 * _MIN

# The highest value of each bucket, in ms; one more bucket follows, for everything above. The hash has indexes only:
# whoever changes a bound must give the counter another name.
WAIT_BOUNDS_MS = (
    *(5, 10, 25, 50, 100, 250, 500),
    *(1 * _S, 2_500, 5 * _S, 10 * _S, 30 * _S),
    *(1 * _MIN, 2 * _MIN, 5 * _MIN, 10 * _MIN, 30 * _MIN),
    *(1 * _H, 3 * _H, 12 * _H),
)
# Past the longest timeout with its clean-up: a quantile is never higher than the last bound, whatever it should be.
RUN_BOUNDS_MS = (*WAIT_BOUNDS_MS, 30 * _H)

_SEPARATOR = "|"
_WHOLE = frozenset({ENQUEUED, STARTED, RETRIED, LOST, RECOVERED, HANDED_BACK, WAIT_MS_SUM, RUN_MS_SUM})
_SPLIT = frozenset({ENDED, WAIT_MS, RUN_MS})


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """What every counter is kept by. `task` is empty for jobs of stock arq clients."""

    queue: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often values fell into each bucket, the last being everything above the bounds. Not cumulative."""

    counts: tuple[int, ...]
    sum_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """All that was counted of one pair, zero where nothing was."""

    enqueued: int = 0
    started: int = 0
    retried: int = 0
    lost: int = 0
    recovered: int = 0
    handed_back: int = 0
    ended: Mapping[State, int] = field(default_factory=lambda: dict.fromkeys(ENDS, 0))
    wait: Histogram = Histogram(counts=(0,) * (len(WAIT_BOUNDS_MS) + 1))
    run: Histogram = Histogram(counts=(0,) * (len(RUN_BOUNDS_MS) + 1))


def field_of(counter: str, pair: Pair, part: str = "") -> str:
    """Spell the field of a counter; `part` is the state or the index where the counter is split further."""
    words = (counter, pair.queue, pair.task, part) if counter in _SPLIT else (counter, pair.queue, pair.task)
    return _SEPARATOR.join(words)


def parse(fields: Mapping[str, int]) -> dict[Pair, Tally]:
    """Read the hash. What is of no known form counts for nothing: scripts that are newer may write more."""
    found: defaultdict[Pair, dict[tuple[str, str], int]] = defaultdict(dict)
    for name, value in fields.items():
        counter, _, rest = name.partition(_SEPARATOR)
        queue, is_known, task = rest.partition(_SEPARATOR)
        part = ""
        if counter in _SPLIT:
            task, is_known, part = task.rpartition(_SEPARATOR)
        elif counter not in _WHOLE:
            continue
        if is_known:
            found[Pair(queue, task)][counter, part] = value
    return {pair: _tally(counts) for pair, counts in found.items()}


def _tally(counts: Mapping[tuple[str, str], int]) -> Tally:
    def count(counter: str, part: str = "") -> int:
        return counts.get((counter, part), 0)

    def histogram(counter: str, total: str, bounds: tuple[int, ...]) -> Histogram:
        buckets = range(len(bounds) + 1)
        return Histogram(counts=tuple(count(counter, str(index)) for index in buckets), sum_ms=count(total))

    return Tally(
        enqueued=count(ENQUEUED),
        started=count(STARTED),
        retried=count(RETRIED),
        lost=count(LOST),
        recovered=count(RECOVERED),
        handed_back=count(HANDED_BACK),
        ended={state: count(ENDED, state) for state in ENDS},
        wait=histogram(WAIT_MS, WAIT_MS_SUM, WAIT_BOUNDS_MS),
        run=histogram(RUN_MS, RUN_MS_SUM, RUN_BOUNDS_MS),
    )
