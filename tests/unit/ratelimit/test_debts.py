"""What was spent here is told to Redis once: not what was given back, and not what time has paid."""

import pytest

from ratelimit.counters import Counters
from ratelimit.debts import Debts
from tests.support.severed import Clock, want


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def counters() -> Counters:
    """Give counters at zero."""
    return Counters()


@pytest.fixture
def debts(counters: Counters, clock: Clock) -> Debts:
    """Give a book with room for three buckets."""
    return Debts(counters=counters, clock=clock, most=3)


def _told(debts: Debts) -> dict[str, tuple[int, bool]]:
    return {debt.request.key: (debt.request.cost, debt.is_cleared) for debt in debts.take(100)}


def test_spending_adds_up_and_is_taken_once(debts: Debts) -> None:
    """The oldest first, as many as are asked for."""
    debts.spend([want(key="a"), want(key="b", cost=2)])
    debts.spend([want(key="b", cost=3)])
    (oldest,) = debts.take(1)
    assert (oldest.request.key, oldest.request.cost) == ("a", 1)
    assert _told(debts) == {"b": (5, False)}
    assert len(debts) == 0


def test_what_is_given_back_is_not_owed(debts: Debts) -> None:
    """No more than was spent here: what Redis had charged may be paid by time."""
    debts.spend([want(key="a", cost=3), want(key="b")])
    debts.give_back([want(key="a"), want(key="b", cost=9), want(key="c")])
    assert _told(debts) == {"a": (2, False)}


def test_a_clearing_ends_what_was_before_it(debts: Debts) -> None:
    """What is spent after it is owed beside it."""
    debts.spend([want(key="a", cost=3)])
    debts.clear([want(key="a"), want(key="b")])
    debts.spend([want(key="a", cost=2)])
    assert _told(debts) == {"a": (2, True), "b": (0, True)}


def test_time_pays(debts: Debts, clock: Clock) -> None:
    """A bucket that gets one a second owes one less after each; what is left of a token is owed whole."""
    debts.spend([want(key="a", cost=7), want(key="b", cost=2)])
    clock.pass_(2.25)
    debts.spend([want(key="a")])
    assert _told(debts) == {"a": (6, False)}
    debts.spend([want(key="a", cost=10)])
    clock.pass_(10)
    assert _told(debts) == {}


def test_nobody_owes_more_than_a_bucket_holds(debts: Debts) -> None:
    """A charge may name any number; none is emptied further than to nothing."""
    debts.spend([want(cost=1000)])
    debts.spend([want(cost=1000)])
    debts.give_back([want(cost=1)])
    assert _told(debts) == {"user:1": (9, False)}


def test_a_clearing_is_told_until_time_has_done_the_same(debts: Debts, clock: Clock) -> None:
    """Whatever Redis knew of a bucket of ten that gets one a second, it is full after ten."""
    debts.clear([want(key="a"), want(key="b")])
    clock.pass_(9)
    (debt,) = debts.take(1)
    assert debt.is_cleared
    clock.pass_(1)
    assert _told(debts) == {}


def test_what_redis_was_not_told_stays_owed(debts: Debts) -> None:
    """With what came meanwhile; a clearing that came meanwhile ends it."""
    debts.spend([want(key="a"), want(key="b"), want(key="c", cost=4)])
    taken = debts.take(100)
    debts.spend([want(key="b", cost=5)])
    debts.clear([want(key="c")])
    debts.put_back(taken)
    assert _told(debts) == {"a": (1, False), "b": (6, False), "c": (0, True)}


def test_there_is_room_for_so_many(debts: Debts, counters: Counters, clock: Clock) -> None:
    """Those that were left alone longest are dropped, and counted; not counted where time had paid."""
    debts.spend(want(key=key) for key in "abc")
    debts.spend([want(key="a"), want(key="d")])
    assert counters.unsettled_buckets == 1
    assert _told(debts) == {"c": (1, False), "a": (2, False), "d": (1, False)}
    debts.spend(want(key=key) for key in "abc")
    clock.pass_(10)
    debts.spend(want(key=key) for key in "def")
    assert counters.unsettled_buckets == 1
