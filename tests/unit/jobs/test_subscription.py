"""One client's buffer: bounded, without what the client knows, and emptied by a loss."""

import asyncio

from jobs.change import Change, Place, key_of_job
from jobs.subscription import Subscription

HERE = Place(5, 0)


def _change(version: int, job_id: str = "j") -> Change:
    told = {"id": job_id, "run": "1", "v": str(version), "state": "running", "at": "1"}
    change = Change.of(Place(6, version), 0, told)
    assert change is not None
    return change


def _progress() -> Change:
    return Change.of_progress(Place(6, 0), {"id": "j", "run": "1", "progress": "{}"})


def _subscription(most: int = 10_000) -> Subscription:
    subscription = Subscription([key_of_job("j")], place=HERE, most=most)
    subscription.stand()
    return subscription


async def test_changes_wait_until_they_are_taken() -> None:
    """All at once; then there is silence."""
    subscription = _subscription()
    first, second = _change(1), _change(2)
    taking = asyncio.create_task(subscription.next(within_s=5))
    await asyncio.sleep(0)
    subscription.put(first)
    subscription.put(second)
    assert await taking == [first, second]
    assert await subscription.next(within_s=0.01) == []


async def test_what_the_client_knows_is_left_out() -> None:
    """Whether it came before that was said or after; progress and other jobs are told all the same."""
    subscription = _subscription()
    known, other, later, progress = _change(3), _change(2, "k"), _change(4), _progress()
    subscription.put(known)
    subscription.put(other)
    subscription.know(["j"], version=3)
    for change in (known, progress, later):
        subscription.put(change)
    assert await subscription.next(within_s=1) == [other, progress, later]


async def test_who_does_not_take_them_is_let_go() -> None:
    """And gets no more of them."""
    subscription = _subscription(most=3 * _change(1).size)
    for version in range(1, 5):
        assert not subscription.over.is_set()
        subscription.put(_change(version))
    assert subscription.over.is_set()
    subscription.put(_change(5))
    assert await subscription.next(within_s=1) is None


async def test_a_loss_empties_it_and_is_heard_at_once() -> None:
    """What comes after the new place waits again; what was known counts no more."""
    subscription = _subscription()
    subscription.know(["j"], version=9)
    subscription.put(_change(10))
    taking = asyncio.create_task(subscription.next(within_s=5))
    subscription.lose(Place(7, 0))
    assert await taking is None
    assert (subscription.is_lost, subscription.place) == (True, Place(7, 0))
    again = _change(2)
    subscription.put(again)
    subscription.stand()
    assert await subscription.next(within_s=1) == [again]


def test_it_does_not_stand_while_nobody_knows_where() -> None:
    """Redis has been away since the reader began."""
    subscription = Subscription([key_of_job("j")], place=None)
    subscription.stand()
    assert subscription.is_lost
    subscription.lose(HERE)
    subscription.stand()
    assert not subscription.is_lost
