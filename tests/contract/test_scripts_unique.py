"""The scripts, call by call: names that only one unfinished job may have, times after which none starts, and pauses."""

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_rules import check_empty
from tests.support.protocol_words import End, Spec

NAME = "t:ann:monday: 1"


def test_the_first_has_the_name(world: World) -> None:
    """Another is told who, and nothing of it is left; the same job again is known."""
    assert world.enqueue(Spec("j", unique=NAME), Spec("k", unique=NAME)) == ["queued", "unique:j"]
    before = world.look().contents
    assert world.enqueue(Spec("k", unique=NAME)) == ["unique:j"]
    assert world.look().contents == before
    assert world.enqueue(Spec("j", unique=NAME)) == ["known"]
    assert world.enqueue(Spec("k", unique=NAME + "x")) == ["queued"]


@pytest.mark.parametrize("end", ["finish", "cancel", "expire"])
def test_an_end_gives_the_name_up(world: World, end: str) -> None:
    """However it ends; running and retrying it keeps it."""
    world.enqueue(Spec("j", unique=NAME, expires=world.now + 60_000))
    held = world.worker().take("j")
    assert world.enqueue(Spec("k", unique=NAME)) == ["unique:j"]
    world.retry(held, delay=90_000)
    assert world.enqueue(Spec("k", unique=NAME)) == ["unique:j"]
    if end == "cancel":
        world.cancel(("j", 1))
    elif end == "expire":
        world.sleep(61_000)
        world.tick()
    else:
        world.sleep_alive(59_000)
        world.redis.zadd(keys.queue("q"), {"j": world.now})
        world.redis.hset(keys.job("j"), "since", str(world.now))
        world.finish(End(world.worker().take("j")))
    assert world.enqueue(Spec("k", unique=NAME)) == ["queued"]
    world.cancel(("k", 1))
    world.sleep(4 * 3_600_000)
    check_empty(world.look())


def test_a_holder_without_a_hash_is_dead(world: World) -> None:
    """Its name is free, and its own end later does not take it from the next."""
    world.enqueue(Spec("j", unique=NAME))
    held = world.worker().take("j")
    world.redis.delete(keys.job("j"))
    assert world.enqueue(Spec("k", unique=NAME)) == ["queued"]
    world.finish(End(held, fresh=True))
    assert world.redis.get(keys.UNIQUE + NAME) == "k"


def test_a_run_by_hand_needs_the_name_again(world: World) -> None:
    """Whoever has it by now keeps it."""
    world.enqueue(Spec("j", unique=NAME))
    world.finish(End(world.worker().take("j"), kind="failed"))
    world.enqueue(Spec("k", unique=NAME))
    assert world.enqueue(Spec("j", run=2, unique=NAME)) == ["unique:k"]
    world.cancel(("k", 1))
    assert world.enqueue(Spec("j", run=2, unique=NAME)) == ["queued"]


class TestExpiry:
    """A job that has not started in time never does."""

    @pytest.mark.parametrize("script", ["tick", "claim"])
    def test_what_waits_ends(self, world: World, script: str) -> None:
        """By the tick wherever it is, by a claim where it comes upon it."""
        world.enqueue(Spec("j", expires=world.now + 5_000), Spec("k", expires=world.now + 5_001))
        world.sleep(5_000)
        if script == "tick":
            world.tick()
        else:
            world.enqueue(Spec("first", priority=10))
            assert world.worker().claim(2).ids == ["first", "k"]
        states = {event["id"]: event["state"] for event in world.look().events}
        assert states["j"] == "expired"
        assert states["k"] in {"queued", "running"}

    def test_parked_paused_and_scheduled_ones_too(self, world: World) -> None:
        """Nobody has to look at the queue."""
        world.limit("ann", 0)
        world.enqueue(*[Spec(name, expires=world.now + 5_000) for name in "ab"])
        assert world.worker().claim(2).jobs == []
        world.pause(since=1)
        world.enqueue(
            Spec("c", owner="bob", expires=world.now + 5_000),
            Spec("d", due=world.now + 9_000, expires=world.now + 5_000),
        )
        world.sleep(5_000)
        world.tick()
        view = world.look()
        assert {event["id"] for event in view.events if event["state"] == "expired"} == set("abcd")
        assert view.jobs == {}
        assert view.parked_owners == set()

    def test_what_runs_is_not_touched_but_its_back_off_may_end(self, world: World) -> None:
        """A try that has begun in time goes on."""
        world.enqueue(Spec("j", expires=world.now + 5_000))
        held = world.worker().take("j")
        world.sleep_alive(6_000, held)
        world.tick()
        assert world.renew("w1", held) == ["ok"]
        world.retry(held, delay=60_000)
        world.sleep(LEASE_MS)
        world.tick()
        assert world.look().jobs == {}

    def test_what_comes_too_late_ends_at_once(self, world: World) -> None:
        """It was accepted while Redis was away."""
        assert world.enqueue(Spec("j", expires=world.now)) == ["ended"]
        view = world.look()
        assert [event["state"] for event in view.events] == ["expired"]
        assert view.places == {}


class TestPause:
    """A queue that rests gives nothing out; everything else goes on."""

    def test_nothing_is_given_out(self, world: World) -> None:
        """Ends are taken and leases kept; another queue is not concerned."""
        world.enqueue(Spec("j"), Spec("k"), Spec("other", queue="r"))
        worker = world.worker()
        held = worker.take("j")
        world.pause(since=world.now)
        assert world.renew("w1", held) == ["ok"]
        claim = worker.claim(1, ends=[End(held)])
        assert (claim.answers, claim.jobs, claim.more_ready) == (["ok"], [], False)
        assert worker.claim(1, queue="r").ids == ["other"]

    def test_resuming_wakes_somebody(self, world: World) -> None:
        """Once, and only if it rested."""
        world.enqueue(Spec("j"))
        world.pause(since=world.now)
        world.redis.delete(keys.wake("q"))
        world.pause(since=None)
        assert world.redis.llen(keys.wake("q")) == 1
        world.redis.delete(keys.wake("q"))
        world.pause(since=None)
        assert world.redis.llen(keys.wake("q")) == 0
        assert world.worker().claim().ids == ["j"]
        assert keys.PAUSED not in world.look().keys

    def test_what_comes_due_is_put_in_line(self, world: World) -> None:
        """A lost lease too."""
        world.enqueue(Spec("j"), Spec("later", due=world.now + 1_000))
        world.worker().take("j")
        world.pause(since=world.now)
        world.sleep_alive(LEASE_MS + 1)
        world.worker("w2").claim(2)
        assert {name: job["st"] for name, job in world.look().jobs.items()} == {"j": "queued", "later": "queued"}


def test_the_pace_of_a_queue_is_counted(world: World) -> None:
    """By ten seconds, and for a minute."""
    world.enqueue(*[Spec(name) for name in "abc"])
    world.worker().claim(2)
    window = f"{keys.PACE}q:{world.now // 1_000}"
    assert world.look().content(window, None) == "2"
    assert 70_000 in world.given_ms(window)
    world.worker().claim(1)
    assert world.look().content(window, None) == "3"


class TestUnknown:
    """A task that a worker does not know waits for one that does."""

    def test_it_is_said_why(self, world: World) -> None:
        """It waits ten seconds."""
        world.enqueue(Spec("j", task="rare"))
        assert world.worker().claim().jobs == []
        assert world.score_of("j") == world.now + 10_000
        assert world.hash_of("j")["why"] == "unknown_task"

    def test_a_stock_entry_is_put_aside_by_its_worker(self, world: World) -> None:
        """Only the payload tells its task; from then on the claim knows it, and no try is used up."""
        world.redis.set(keys.PAYLOAD + "raw", "{}")
        world.redis.zadd(keys.queue("q"), {"raw": world.now})
        held = world.worker().take("raw")
        assert world.hand_back(held, delay=10_000, task="rare") == ["ok"]
        assert world.hand_back(held, delay=10_000, task="rare") == ["taken"]
        assert (world.score_of("raw"), world.hash_of("raw")["try"]) == (world.now + 10_000, "0")
        world.sleep(10_000)
        assert world.worker().claim().jobs == []
        world.sleep(10_000)
        assert world.worker(tasks=("rare",)).take("raw").tries == 1
