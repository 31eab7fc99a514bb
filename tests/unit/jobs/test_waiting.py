"""Why a job waits, where it stands, and when it may start."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.model import Reason, State
from jobs.waiting import Facts, waiting_of

_NOW = 1_800_000_000_000
_QUEUED = Facts(
    now_ms=_NOW,
    state=State.QUEUED,
    score=-2e12,
    due_ms=_NOW - 1,
    is_unknown=False,
    is_paused=False,
    before=19,
    parked_before=3,
    ready=50,
    started=100,
    started_in_ms=50_000,
    has_worker=True,
    has_expert=True,
)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(_NOW / 1000, UTC) + timedelta(seconds=seconds)


def _told(**facts: object) -> tuple[Reason, int | None, datetime | None]:
    waiting = waiting_of(replace(_QUEUED, **facts))  # type: ignore[arg-type]
    assert waiting is not None
    return waiting.reason, waiting.position, waiting.estimated_start


def test_each_reason() -> None:
    """With the position and the estimate that it allows."""
    assert _told() == (Reason.BEHIND, 20, _at(10))
    assert _told(state=None, score=None) == (Reason.NOT_ENQUEUED, None, None)
    assert _told(score=9e15) == (Reason.OWNER_LIMIT, 4, None)
    assert _told(is_paused=True) == (Reason.PAUSED, 20, None)
    assert _told(has_worker=False, has_expert=False) == (Reason.NO_WORKER, 20, None)
    assert _told(has_expert=False) == (Reason.UNKNOWN_TASK, None, None)
    assert _told(is_unknown=True, score=_NOW + 9_000.0) == (Reason.UNKNOWN_TASK, None, None)
    assert _told(state=State.SCHEDULED, due_ms=_NOW + 60_000) == (Reason.NOT_DUE, None, _at(60))
    assert _told(state=State.RETRYING, due_ms=_NOW + 1_000) == (Reason.BACKOFF, None, _at(25))


@pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED])
def test_who_does_not_wait_has_none(state: State) -> None:
    """A job that runs, or has ended in the meantime."""
    assert waiting_of(replace(_QUEUED, state=state)) is None


def test_the_first_reason_counts() -> None:
    """A parked job of a resting queue without workers waits for its owner first of all."""
    assert _told(score=9e15, is_paused=True, has_worker=False, has_expert=False)[0] is Reason.OWNER_LIMIT
    assert _told(is_paused=True, has_worker=False, has_expert=False)[0] is Reason.PAUSED
    assert _told(state=State.SCHEDULED, is_paused=True, has_worker=False)[0] is Reason.NOT_DUE


def test_what_was_put_aside_and_is_back_in_line_is_behind() -> None:
    """The mark in its hash stays; its entry tells."""
    assert _told(is_unknown=True)[0] is Reason.BEHIND


@pytest.mark.parametrize("facts", [{"started": 4}, {"started": 0, "started_in_ms": 0}])
def test_without_a_pace_there_is_no_estimate(facts: dict[str, int]) -> None:
    """Too few starts tell nothing."""
    assert _told(**facts) == (Reason.BEHIND, 20, None)
