"""What the history is told of tries: all of one that did not end its job well, of the others not a word too many."""

from collections.abc import Mapping

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Held, Spec

_LONG = 20_000  # so many events wait for PostgreSQL where it has been away for long


@pytest.fixture
def held(world: World) -> Held:
    """Give a job that has run on the worker w1 for a tenth of a second."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    world.look()
    world.sleep(100)
    return held


def _told(world: World) -> Mapping[str, str]:
    """Give what the last event says of a try; it must be all there is of that kind."""
    *others, last = world.look().events
    assert not any("over" in event for event in others)
    return {name: last[name] for name in ("state", "over", "fence", "worker", "began", "try") if name in last}


def _over(held: Held, state: str, outcome: str, *, tries: int = 1) -> dict[str, str]:
    start = {"fence": str(held.fence), "worker": "w1", "began": str(START_MS)}
    return {"state": state, "over": outcome, "try": str(tries), **start}


def test_a_success_tells_nothing_more(world: World, held: Held) -> None:
    """The job's own row has the rest: this is what nearly all jobs cost."""
    world.finish(End(held, value="1"))
    assert _told(world) == {"state": "succeeded", "fence": str(held.fence), "try": "1"}


@pytest.mark.parametrize("kind", ["failed", "cancelled"])
def test_an_end_that_is_not_good_tells_of_its_try(world: World, held: Held, kind: str) -> None:
    """With its start, which may be written later, or never."""
    world.finish(End(held, kind))
    assert _told(world) == _over(held, kind, kind)


def test_a_retry_tells_of_its_try(world: World, held: Held) -> None:
    """And so does the end that follows: of the next try, not of this one again."""
    world.retry(held)
    assert _told(world) == _over(held, "retrying", "retrying")
    again = world.worker().take("j")
    world.look()
    world.finish(End(again, "failed"))
    assert _told(world) == _over(again, "failed", "failed", tries=2) | {"began": str(world.now)}


def test_a_hand_back_tells_of_its_try(world: World, held: Held) -> None:
    """Of the number that it had there is one less."""
    world.hand_back(held)
    assert _told(world) == _over(held, "queued", "handed_back", tries=0)


def test_what_was_put_aside_had_not_begun(world: World, held: Held) -> None:
    """The worker did not know the task: that is no try, however often it comes back."""
    world.hand_back(held, delay=5_000, task="u")
    assert _told(world) == {"state": "queued", "try": "0"}


def test_a_lost_lease_tells_of_its_try(world: World, held: Held) -> None:
    """When it is noticed; whoever takes it up again tells that it goes on."""
    world.sleep_alive(LEASE_MS)
    world.worker("w2").claim(0)
    assert _told(world) == _over(held, "queued", "lost", tries=0)
    world.renew("w1", held)
    assert _told(world) == {"state": "running", "fence": str(held.fence), "worker": "w1", "try": "1"}


def test_one_that_was_lost_too_often_has_no_try_more(world: World) -> None:
    """Its end is nobody's."""
    world.enqueue(Spec("j", max_tries=1))
    world.worker().take("j")
    world.sleep_alive(LEASE_MS + 1)
    (exhausted,) = world.worker("w2").claim(1).jobs
    world.look()
    world.finish(End(exhausted, "failed", ms=-1))
    assert "over" not in _told(world)


@pytest.mark.parametrize("told", ["retry", "hand_back", "lost"])
def test_what_was_to_be_cancelled_ends_with_its_try(world: World, held: Held, told: str) -> None:
    """However its worker puts it, or if that is gone."""
    world.cancel(("j", 1))
    if told == "retry":
        world.retry(held)
    elif told == "hand_back":
        world.hand_back(held)
    else:
        world.sleep_alive(LEASE_MS)
        world.worker("w2").claim(0)
    assert _told(world) == _over(held, "cancelled", "cancelled")


def test_what_waits_is_cancelled_without_a_try(world: World, held: Held) -> None:
    """That it has had one is told by a fence, which is none of a start."""
    world.retry(held, delay=1_000)
    world.look()
    world.cancel(("j", 1))
    assert _told(world).keys() == {"state", "fence", "try"}


def test_a_traceback_goes_along(world: World, held: Held) -> None:
    """With a retry and with a failure; no result is made of it."""
    world.retry(held, traceback="first")
    assert world.look().events[-1]["traceback"] == "first"
    world.finish(End(world.worker().take("j"), "failed", value="second"))
    event = world.look().events[-1]
    assert (event["traceback"], event.get("result")) == ("second", None)


def test_what_was_cancelled_has_no_traceback(world: World, held: Held) -> None:
    """It was stopped, whatever it made of that."""
    world.cancel(("j", 1))
    world.finish(End(held, "failed", error="{}", value="a traceback"))
    event = world.look().events[-1]
    assert (event["over"], "traceback" in event, "result" in event) == ("cancelled", False, False)


def test_tracebacks_fill_no_memory(world: World, held: Held) -> None:
    """Where so much waits for PostgreSQL, they are left out; all else is told."""
    for _ in range(_LONG // 1_000):
        pipe = world.redis.pipeline(transaction=False)
        for _ in range(1_000):
            pipe.xadd(keys.EVENTS, {"events": "[]"})
        pipe.execute()
    world.retry(held, traceback="long")
    event = world.look().events[-1]
    assert (event["over"], "traceback" in event) == ("retrying", False)
