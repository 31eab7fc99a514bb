"""Idempotency keys: each stands for one submission, and whoever comes late changes nothing that is another's."""

import pytest

from jobs import keys
from tests.support.protocol import World
from tests.support.protocol_way_in import ANSWER, BUSY_MS

_DONE, _OPEN, _GIVEN_UP = f"done 0 ab 1 {ANSWER}", "busy 0 ab 1", ""
_LATE = [f"done 0 ab 2 {ANSWER}", "busy 0 ab 2", _GIVEN_UP]
_A_DAY = 86_400_000


@pytest.mark.parametrize("late", _LATE)
@pytest.mark.parametrize("fate", [_DONE, _OPEN])
def test_a_key_is_settled_by_its_own_submission(world: World, fate: str, late: str) -> None:
    """Another, whose claim was not answered, says what became of it, and is not heard."""
    world.claim_key("ann:k", "ab", "1")
    assert world.settle_key("ann:k", "1", fate)
    assert not world.settle_key("ann:k", "2", late)
    assert world.redis.get(keys.idempotency("ann", "k")) == fate


@pytest.mark.parametrize("late", _LATE)
def test_a_key_in_flight_is_left_to_who_has_it(world: World, late: str) -> None:
    """Whoever had no answer to his claim changes nothing of it."""
    world.claim_key("ann:k", "ab", "1")
    assert not world.settle_key("ann:k", "2", late)
    assert world.claim_key("ann:k", "ab", "3") == ("busy", "1", "")


@pytest.mark.parametrize("late", [_OPEN, _GIVEN_UP, "done 0 ab 1 another"])
def test_a_key_that_is_done_stays_as_it_is(world: World, late: str) -> None:
    """Also where two went on with the same id, and the second knows less."""
    world.claim_key("ann:k", "ab", "1")
    world.settle_key("ann:k", "1", _DONE)
    assert not world.settle_key("ann:k", "1", late)
    assert world.claim_key("ann:k", "ab", "3") == ("done", "1", ANSWER)


def test_a_key_that_nobody_has_is_taken(world: World) -> None:
    """Redis had lost it, or did not answer to its claim: what is said of it is kept for a day."""
    assert world.settle_key("ann:k", "1", _OPEN)
    assert _A_DAY in world.given_ms(keys.idempotency("ann", "k"))
    assert world.claim_key("ann:k", "ab", "2") == ("first", "1", "")
    assert world.settle_key("ann:k", "1", _DONE)
    assert _A_DAY in world.given_ms(keys.idempotency("ann", "k"))
    assert world.claim_key("ann:k", "ab", "2") == ("done", "1", ANSWER)


def test_a_key_that_is_given_up_is_free(world: World) -> None:
    """For anything; one that is nobody's stays so."""
    world.claim_key("ann:k", "ab", "1")
    world.sleep(BUSY_MS)
    assert world.settle_key("ann:k", "1", _GIVEN_UP)
    assert world.settle_key("ann:k", "1", _GIVEN_UP)
    assert world.claim_key("ann:k", "cd", "2") == ("first", "2", "")
