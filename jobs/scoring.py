"""Where a job stands in its queue: the score rule and the bands of the sorted set. It reads no clock and no store.

The Lua scripts compute the same in doubles; this is the specification that they are tested against. So the terms
are added from left to right there too, and a result is whole and within 2**53, where doubles count exactly.
"""

import math
from enum import StrEnum

STEP_MS = 600_000  # one level of priority is worth ten minutes of waiting
FALLBACK_TURN_MS = 30_000  # a typical run of a task that says nothing and has not been measured yet
OFFSET_MS = 4_000_000_000_000  # the year 2096: takes any time before it below 0
LAST_READY = -1  # stock arq reads a score of 0 as "there is no such job"

FOREIGN_FROM = 0
TIMED_FROM = 1_000_000_000_000  # 9 September 2001: no time of ours is smaller
TIMED_BELOW = 8_000_000_000_000_000
PARKED = 9_000_000_000_000_000
QUARANTINE = 9_001_000_000_000_000


class Band(StrEnum):
    """A word for what an entry's score says about it. It is never trusted alone: the job's hash decides."""

    READY = "ready"
    """May be claimed, the lowest score first."""
    FOREIGN = "foreign"
    """Where no script of ours puts an entry; the next claim gives it the score that it should have."""
    TIMED = "timed"
    """The score is the wall-clock millisecond at which the entry comes due."""
    PARKED = "parked"
    """Waits until its owner has fewer jobs running."""
    QUARANTINE = "quarantine"
    """Its keys cannot be read; an operator has to look."""


def score(*, base_ms: int, priority: int, ahead: int, turn_ms: float, step_ms: int = STEP_MS) -> int:
    """Rank a job at its submission; the lowest score is claimed first, and it does not change while the job waits.

    `base_ms` is when the job was accepted, or comes due if that is later, in Unix milliseconds; `priority` is 1 to 10,
    10 the most urgent; `ahead` counts the owner's unfinished jobs of the same or a higher priority; `turn_ms` is the
    mean run time of the task.

    Promised: a job never ranks before one whose base is more than 9 * `step_ms` + `ahead` * `turn_ms` (those of the
    earlier one) before its own. Not promised: order among scores of LAST_READY, which take about 70 years of work in
    line; nor first in, first out within an owner: whoever submits while fewer of his jobs are in line may pass his own.
    """
    rank = base_ms - priority * step_ms + ahead * turn_ms - OFFSET_MS
    return min(math.floor(rank), LAST_READY)


def after_retry(current: int, *, due_ms: int, priority: int, step_ms: int = STEP_MS) -> int:
    """Rank a job anew that waits for another try: as before, but not before a fresh one accepted at `due_ms`."""
    return max(current, score(base_ms=due_ms, priority=priority, ahead=0, turn_ms=0, step_ms=step_ms))


def band_of(score: float) -> Band:
    """Tell the band of an entry; every score is in one. Between the bands, only strangers write."""
    if score < FOREIGN_FROM:
        return Band.READY
    if TIMED_FROM <= score < TIMED_BELOW:
        return Band.TIMED
    if score >= QUARANTINE:
        return Band.QUARANTINE
    return Band.PARKED if score >= PARKED else Band.FOREIGN
