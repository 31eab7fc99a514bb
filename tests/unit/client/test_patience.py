"""When a request is sent again, and how long after."""

import pytest

from app.client.errors import (
    ClientError,
    ConflictError,
    ForeignAnswerError,
    InvalidInputError,
    ProblemError,
    QuotaError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)
from app.client.patience import Patience, Tried
from app.client.shapes.problems import Problem

LOST = UnreachableError("cut", may_have_arrived=True)
NEVER_SENT = UnreachableError("refused", may_have_arrived=False)
SAFE = Tried(times=1, spent_s=0, is_repeatable=True)
UNSAFE = Tried(times=1, spent_s=0, is_repeatable=False)


def problem(kind: type[ProblemError], status: int, retry_after_s: float | None = None) -> ProblemError:
    """Make one."""
    document: Problem = {
        "type": "t", "title": "t", "status": status, "detail": "d", "instance": "/", "request_id": "r",
    }  # fmt: skip
    return kind(document, retry_after_s=retry_after_s)


def longest(_: float, most: float) -> float:
    """Draw the worst."""
    return most


@pytest.mark.parametrize(
    ("error", "safe", "unsafe"),
    [
        (LOST, True, False),
        (NEVER_SENT, True, True),
        (problem(RateLimitedError, 429, 3), True, True),
        (problem(RateLimitedError, 429), False, False),
        (problem(QuotaError, 429), False, False),
        (problem(UnavailableError, 503, 2), True, False),
        (problem(ProblemError, 502), True, False),
        (problem(ProblemError, 500), False, False),
        (problem(InvalidInputError, 422), False, False),
        (problem(ConflictError, 409), False, False),
        (ForeignAnswerError("?"), False, False),
    ],
)
def test_what_is_tried_again(error: ClientError, *, safe: bool, unsafe: bool) -> None:
    """What did not arrive, what was refused before anything was done, and, if it is safe, what may have arrived."""
    assert (Patience().pause_s(error, SAFE, longest) is not None) is safe
    assert (Patience().pause_s(error, UNSAFE, longest) is not None) is unsafe


def test_a_conflict_is_waited_out_by_who_has_lost_a_submission() -> None:
    """It is his own, still in flight; without a key, or a loss, it is an answer."""
    conflict = problem(ConflictError, 409)
    keyed = Tried(times=2, spent_s=1, is_repeatable=True, is_keyed=True, was_lost=True)
    assert Patience().pause_s(conflict, keyed, longest) is not None
    assert Patience().pause_s(conflict, Tried(times=1, spent_s=1, is_repeatable=True, is_keyed=True), longest) is None


def test_the_wait_doubles_up_to_its_most() -> None:
    """With full jitter: any part of it."""
    patience = Patience(total_s=1_000, first_s=0.25, most_s=2)
    tries = [Tried(times=times, spent_s=0, is_repeatable=True) for times in (1, 2, 3, 4, 5, 5_000)]
    assert [patience.pause_s(LOST, tried, longest) for tried in tries] == [0.25, 0.5, 1, 2, 2, 2]
    assert patience.pause_s(LOST, tries[3], lambda least, _: least) == 0


def test_it_waits_no_less_than_it_is_asked_to() -> None:
    """And a little more, so that not all come back at once."""
    limited = problem(RateLimitedError, 429, 3)
    assert Patience().pause_s(limited, SAFE, lambda least, _: least) == 3
    assert Patience().pause_s(limited, SAFE, longest) == pytest.approx(3.4)


def test_patience_ends() -> None:
    """Nothing is waited for that would come after its end."""
    late = Tried(times=1, spent_s=58, is_repeatable=True)
    assert Patience().pause_s(problem(RateLimitedError, 429, 3), late, longest) is None
    assert Patience(total_s=0).pause_s(LOST, SAFE, longest) is None
