"""The transition table of a job's life, and what follows from it. It decides; it writes nothing."""

from collections.abc import Mapping

from jobs.model import State

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.SCHEDULED, State.QUEUED, State.CANCELLED, State.EXPIRED}),
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELLED, State.EXPIRED}),
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.EXPIRED, State.FAILED}),
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.RETRYING, State.CANCELLED, State.QUEUED}),
    State.RETRYING: frozenset({State.QUEUED, State.CANCELLED, State.EXPIRED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset({State.QUEUED}),
    State.CANCELLED: frozenset({State.QUEUED}),
    State.EXPIRED: frozenset({State.QUEUED}),
}

ENDS = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.EXPIRED})
UNFINISHED = frozenset(State) - ENDS


def may_become(state: State, following: State) -> bool:
    """Say whether a job may go from one state straight to another."""
    return following in TRANSITIONS[state]


def is_end(state: State) -> bool:
    """Say whether a job in this state stays in it unless somebody retries it by hand."""
    return state in ENDS
