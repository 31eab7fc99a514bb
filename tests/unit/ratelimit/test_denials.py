"""Whoever was just denied is denied again without a question, with what is known of his buckets, and for no longer."""

import pytest

from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision
from ratelimit.denials import Denials
from tests.support.severed import Clock, want

_DEFAULT = want()
_SYNC = want("data_sync")
_GUARD = want("guard", "ip:192.0.2.7")


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def denials(clock: Clock) -> Denials:
    """Give a memory with room for three buckets."""
    return Denials(clock=clock, most=3)


def _denied(*waits: tuple[BucketRequest, int | None]) -> Decision:
    states = (
        BucketState(request=request, remaining=0 if wait_us != 0 else 7, full_at_s=9, wait_us=wait_us)
        for request, wait_us in waits
    )
    return Decision(admitted=False, states=tuple(states), backend=Backend.REDIS)


def test_the_same_is_denied_until_it_would_fit(denials: Denials, clock: Clock) -> None:
    """The wait gets shorter by what has passed; the other bucket stands as it stood."""
    denials.note(_denied((_DEFAULT, 600_000), (_GUARD, 0)), clock())
    clock.pass_(0.25)
    repeated = denials.find((_DEFAULT, _GUARD))
    assert repeated is not None
    assert (repeated.admitted, repeated.backend) == (False, Backend.LOCAL)
    assert [state.wait_us for state in repeated.states] == [350_000, 0]
    assert repeated.binding == repeated.states[0]
    clock.pass_(0.35)
    assert denials.find((_DEFAULT, _GUARD)) is None


def test_after_a_second_redis_is_asked(denials: Denials, clock: Clock) -> None:
    """However long the wait is, and also where it never fits: somebody may have cleared the bucket."""
    for wait_us in (60_000_000, None):
        denials.note(_denied((_DEFAULT, wait_us)), clock())
        clock.pass_(0.875)
        repeated = denials.find((_DEFAULT,))
        assert repeated is not None
        assert repeated.states[0].wait_us == (None if wait_us is None else 59_125_000)
        clock.pass_(0.125)
        assert denials.find((_DEFAULT,)) is None


def test_the_time_counts_from_the_question_and_the_wait_from_the_answer(denials: Denials, clock: Clock) -> None:
    """Redis decided in between: nobody is denied for too long, or told a wait that is too short."""
    asked_at = clock()
    clock.pass_(0.125)
    denials.note(_denied((_DEFAULT, 500_000)), asked_at)
    clock.pass_(0.125)
    repeated = denials.find((_DEFAULT,))
    assert repeated is not None
    assert repeated.states[0].wait_us == 375_000
    clock.pass_(0.25)
    assert denials.find((_DEFAULT,)) is None


def test_what_asks_for_something_else_is_asked_for(denials: Denials, clock: Clock) -> None:
    """Another limit, after a change of the configuration; another cost or owner; a bucket never seen beside it."""
    denials.note(_denied((_DEFAULT, 600_000)), clock())
    for other in (want(amount=61), want(cost=2), want(key="user:2"), want("data_sync")):
        assert denials.find((other,)) is None
    assert denials.find((_DEFAULT, _SYNC)) is None
    assert denials.find((_DEFAULT,)) is not None


def test_a_bucket_denies_whatever_it_is_asked_beside_once_that_is_known(denials: Denials, clock: Clock) -> None:
    """Else somebody who alternates between two endpoints would be asked for at each request."""
    denials.note(_denied((_DEFAULT, 600_000), (_SYNC, 0)), clock())
    clock.pass_(0.1)
    denials.note(_denied((_DEFAULT, 500_000), (_GUARD, 0)), clock())
    for other in (_SYNC, _GUARD):
        repeated = denials.find((_DEFAULT, other))
        assert repeated is not None
        assert [state.request for state in repeated.states] == [_DEFAULT, other]
    assert denials.find((_SYNC,)) is None


def test_each_bucket_that_denied_denies(denials: Denials, clock: Clock) -> None:
    """Alone, too."""
    denials.note(_denied((_DEFAULT, 600_000), (_SYNC, 700_000)), clock())
    assert denials.find((_SYNC,)) is not None
    assert denials.find((_DEFAULT,)) is not None


def test_a_bucket_that_would_fit_again_hides_no_other(denials: Denials, clock: Clock) -> None:
    """The first of two denied for a moment; the other still denies, once it is known that the first would not."""
    denials.note(_denied((_DEFAULT, 100_000), (_SYNC, 900_000)), clock())
    clock.pass_(0.25)
    assert denials.find((_DEFAULT, _SYNC)) is None
    denials.note(_denied((_DEFAULT, 0), (_SYNC, 650_000)), clock())
    repeated = denials.find((_DEFAULT, _SYNC))
    assert repeated is not None
    assert [state.wait_us for state in repeated.states] == [0, 650_000]


def test_what_is_forgotten_is_asked_for(denials: Denials, clock: Clock) -> None:
    """By whatever limit it is named; an answer to a question from before that is not remembered any more."""
    asked_at = clock()
    denials.note(_denied((_DEFAULT, 600_000)), asked_at)
    clock.pass_(0.1)
    denials.forget((_DEFAULT._replace(cost=5),))
    assert denials.find((_DEFAULT,)) is None
    denials.note(_denied((_DEFAULT, 600_000)), asked_at)
    assert denials.find((_DEFAULT,)) is None


def test_there_is_room_for_so_many(denials: Denials, clock: Clock) -> None:
    """The oldest goes first, and whatever is older than a second goes with the next that comes."""
    names = [want(key=f"user:{number}") for number in range(5)]
    for name in names:
        denials.note(_denied((name, 600_000)), clock())
    assert [denials.find((name,)) is not None for name in names] == [False, False, True, True, True]
    clock.pass_(1)
    denials.note(_denied((_DEFAULT, 600_000)), clock())
    assert len(denials) == 1


def test_what_is_known_beside_a_bucket_is_bounded(denials: Denials, clock: Clock) -> None:
    """Somebody may ask for a thousand different costs."""
    for cost in range(1, 1001):
        denials.note(_denied((want(cost=cost), 600_000)), clock())
    assert sum(denials.find((want(cost=cost),)) is not None for cost in range(1, 1001)) <= 33
