"""Why a job waits, where it stands, and when it may start. Pure: facts in, an answer out."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from jobs.model import Reason, State, Waiting
from jobs.scoring import Band, band_of

_FEWEST_STARTS = 5  # of a minute, that a pace can be told from


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a job that has not ended, and of its queue. Times in ms by Redis' clock."""

    now_ms: int
    state: State | None  # None where Redis does not have it
    score: float | None  # of its entry
    due_ms: int
    is_unknown: bool  # a worker has put it aside
    is_paused: bool
    before: int  # ready jobs of its queue with a lower score
    parked_before: int  # its owner's parked jobs of its queue with a lower score
    ready: int
    started: int  # of its queue, within the last `started_in_ms`
    started_in_ms: int
    has_worker: bool  # somebody serves its queue
    has_expert: bool  # somebody who serves its queue knows its task


def waiting_of(facts: Facts) -> Waiting | None:
    """Say why a job waits; None where it does not.

    The first that holds of: Redis does not have it yet; it is not due, or backs off; its owner has as many running as
    he may; its queue rests; nobody serves its queue; nobody there knows its task; it is behind others.

    `position` is 1 for the next: among the ready ones of its queue, or, where its owner is at his limit, among his own
    that wait for that. The start is estimated from the pace of the queue in the last minute, as long as its jobs are
    taken in this order; None where it cannot be told.
    """
    reason = _reason_of(facts)
    if reason is None:
        return None
    if reason in {Reason.NOT_DUE, Reason.BACKOFF}:
        return Waiting(reason=reason, position=None, estimated_start=_later(facts, facts.due_ms, facts.ready))
    if reason is Reason.OWNER_LIMIT:
        return Waiting(reason=reason, position=facts.parked_before + 1, estimated_start=None)
    if reason is Reason.BEHIND:
        started = _later(facts, facts.now_ms, facts.before + 1)
        return Waiting(reason=reason, position=facts.before + 1, estimated_start=started)
    position = facts.before + 1 if reason in {Reason.PAUSED, Reason.NO_WORKER} else None
    return Waiting(reason=reason, position=position, estimated_start=None)


def _reason_of(facts: Facts) -> Reason | None:
    if facts.state is None:
        return Reason.NOT_ENQUEUED
    if facts.state is State.SCHEDULED:
        return Reason.NOT_DUE
    if facts.state is State.RETRYING:
        return Reason.BACKOFF
    if facts.state is not State.QUEUED:
        return None
    rules = (
        (Reason.OWNER_LIMIT, facts.score is not None and band_of(facts.score) is Band.PARKED),
        (Reason.PAUSED, facts.is_paused),
        (Reason.NO_WORKER, not facts.has_worker),
        (Reason.UNKNOWN_TASK, not facts.has_expert or (facts.is_unknown and _is_aside(facts))),
    )
    return next((reason for reason, holds in rules if holds), Reason.BEHIND)


def _is_aside(facts: Facts) -> bool:
    return facts.score is not None and band_of(facts.score) is Band.TIMED


def _later(facts: Facts, from_ms: int, starts: int) -> datetime | None:
    """Estimate when so many more have been started, and not before a time."""
    if not facts.has_expert or facts.is_paused or facts.started < _FEWEST_STARTS:
        return None
    ms = max(from_ms, facts.now_ms + starts * facts.started_in_ms / facts.started)
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=round(ms))
