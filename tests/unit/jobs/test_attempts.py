"""Which tries a job has had, by what is written of them and what the job itself tells."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from jobs.attempts import tries_of
from jobs.model import Failure, Job, Over, State, Try

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_FAILURE = Failure(type="E", message="m", fingerprint="f")


def _at(second: int) -> datetime:
    return _AT + timedelta(seconds=second)


def _job(state: State, *, fence: int = 20, started: int | None = 20) -> Job:
    return Job(
        id="j",
        task="t",
        queue="q",
        owner="o",
        state=state,
        priority=5,
        args={},
        tags=(),
        run=1,
        fence=fence,
        tries=2,
        max_tries=5,
        timeout_s=1,
        accepted_at=_AT,
        run_at=None,
        worker="b",
        started_at=None if started is None else _at(started),
        finished_at=_at(30),
        error=_FAILURE,
    )


def _try(fence: int, outcome: Over = Over.RETRYING) -> Try:
    return Try(
        run=1,
        fence=fence,
        number=1,
        worker="a",
        started_at=_at(fence),
        finished_at=_at(fence + 5),
        outcome=outcome,
        error=None,
        traceback="tb",
    )


def test_a_job_that_has_not_started_has_had_none() -> None:
    """Whatever became of it."""
    for state in (State.ACCEPTED, State.QUEUED, State.CANCELLED, State.EXPIRED):
        assert tries_of(_job(state, fence=0, started=None), []) == []


@pytest.mark.parametrize(
    ("state", "outcome", "has_error", "ends"),
    [
        (State.RUNNING, None, False, False),
        (State.SUCCEEDED, Over.SUCCEEDED, False, True),
        (State.FAILED, Over.FAILED, True, True),
        (State.CANCELLED, Over.CANCELLED, False, True),
        (State.RETRYING, Over.RETRYING, True, False),
        (State.EXPIRED, Over.LOST, False, False),
        (State.QUEUED, None, False, False),
    ],
)
def test_the_latest_is_the_jobs_own_where_no_row_tells_of_it(
    state: State, outcome: Over | None, *, has_error: bool, ends: bool
) -> None:
    """Behind those that are written."""
    first, latest = tries_of(_job(state), [_try(10)])
    assert first == _try(10)
    assert (latest.fence, latest.number, latest.worker, latest.started_at) == (20, 2, "b", _at(20))
    assert (latest.outcome, latest.error) == (outcome, _FAILURE if has_error else None)
    assert latest.finished_at == (_at(30) if ends else None)


@pytest.mark.parametrize("state", [State.QUEUED, State.RETRYING, State.FAILED, State.CANCELLED])
def test_a_row_knows_more_than_the_job(state: State) -> None:
    """The job may know of that try by its start alone, since Redis raises the fence when one is over."""
    rows = [_try(10), _try(20)]
    assert tries_of(_job(state), rows) == rows
    assert tries_of(_job(state, fence=21), rows) == rows


@pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED])
def test_what_was_lost_may_go_on_after_all(state: State) -> None:
    """Its worker was there again before anybody had taken the job."""
    first, latest = tries_of(_job(state), [_try(10), _try(20, Over.LOST)])
    assert (first.fence, latest.fence, latest.outcome) == (10, 20, None if state is State.RUNNING else Over.SUCCEEDED)


def test_a_success_of_which_no_start_is_known_yet_is_shown() -> None:
    """The history has heard of the end first."""
    (only,) = tries_of(_job(State.SUCCEEDED, started=None), [])
    assert (only.outcome, only.started_at, only.finished_at) == (Over.SUCCEEDED, None, _at(30))


def test_an_end_without_its_start_gets_it_from_the_job() -> None:
    """Redis had lost the job before its worker told of the end."""
    bare = replace(_try(20, Over.FAILED), started_at=None, worker=None)
    (only,) = tries_of(_job(State.FAILED), [bare])
    assert only == replace(bare, started_at=_at(20), worker="b")
