"""The transition table."""

from jobs.lifecycle import ENDS, TRANSITIONS, UNFINISHED, is_end, may_become
from jobs.model import State


def test_every_state_has_its_row() -> None:
    """No state is forgotten, and none is reached that does not exist."""
    assert set(TRANSITIONS) == set(State)
    assert set().union(*TRANSITIONS.values()) <= set(State)


def test_every_state_can_be_reached_and_every_unfinished_one_can_end() -> None:
    """Nothing is stuck by design."""
    reached = {State.ACCEPTED}
    while more := set().union(*(TRANSITIONS[state] for state in reached)) - reached:
        reached |= more
    assert reached == set(State)
    for state in UNFINISHED:
        onwards = {state}
        while more := set().union(*(TRANSITIONS[one] for one in onwards)) - onwards:
            onwards |= more
        assert onwards & ENDS


def test_ends_lead_only_back_into_the_line() -> None:
    """By hand; and what succeeded stays so."""
    assert not TRANSITIONS[State.SUCCEEDED]
    for state in ENDS - {State.SUCCEEDED}:
        assert TRANSITIONS[state] == {State.QUEUED}
        assert is_end(state)


def test_only_a_running_job_succeeds() -> None:
    """And a job that waits is never ended as failed by its own doing."""
    assert [state for state in State if may_become(state, State.SUCCEEDED)] == [State.RUNNING]
    assert not may_become(State.RETRYING, State.FAILED)
