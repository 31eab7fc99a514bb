"""An owner at his limit: his further jobs stand aside, hinder nobody, and are freed by whatever ends his others."""

from collections.abc import Callable

import pytest

from jobs import keys
from jobs.scoring import PARKED
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_words import End, Held, Spec

Way = Callable[[World, Held], None]


def finish(world: World, held: Held) -> None:
    """End the run."""
    assert world.finish(End(held)) == ["ok"]


def finish_in_claim(world: World, held: Held) -> None:
    """End the run in a claim without slots."""
    assert world.worker().claim(0, ends=[End(held)]).answers == ["ok"]


def retry(world: World, held: Held) -> None:
    """Let the run be tried again, much later."""
    assert world.retry(held, delay=3_600_000) == "ok"


def hand_back(world: World, held: Held) -> None:
    """Give the run back."""
    assert world.hand_back(held) == ["ok"]


def lose(world: World, held: Held) -> None:
    """Let the lease run out, and somebody notice in that queue."""
    world.sleep_alive(LEASE_MS + 1)
    world.worker("steward").claim(0, queue=held.queue)


def raise_limit(world: World, held: Held) -> None:
    """Let the owner run more."""
    world.limit(held.owner, 2)


def drop_limit(world: World, held: Held) -> None:
    """Let the owner run any number."""
    world.limit(held.owner, None)


def sweep(world: World, held: Held) -> None:
    """Let the steward sweep after a lease has run out that nobody has noticed."""
    world.redis.zadd(keys.RUNNING + held.owner, {held.id: world.now})
    world.sweep()


def replace(world: World, held: Held) -> None:
    """Let another run take the place of the running one."""
    assert world.enqueue(Spec(held.id, run=2, due=world.now + 3_600_000)) == ["scheduled"]


WAYS = [finish, finish_in_claim, retry, hand_back, lose, raise_limit, drop_limit, sweep, replace]


def start(world: World) -> Held:
    """Let one job of ann's run, with two more parked in that queue and two in another."""
    world.limit("ann", 1)
    world.enqueue(Spec("a"), Spec("b"), Spec("c"), Spec("x", queue="other"), Spec("y", queue="other"))
    held = world.worker().claim(5).jobs
    assert world.worker().claim(5, queue="other").jobs == []
    return held[0]


def test_what_is_too_much_is_parked(world: World) -> None:
    """Out of the way of others, still in its owner's line, to be found again at its score."""
    start(world)
    world.enqueue(Spec("z", owner="bob", priority=1))
    assert world.worker().claim(5).ids == ["z"]
    view = world.look()
    scores = {job_id: float(job["s"]) for job_id, job in view.jobs.items()}
    parked = {job_id for job_id, (place, *_) in view.places.items() if place.score == PARKED}
    assert parked == {"b", "c", "x", "y"}
    assert view.parked == {
        "q:ann": {"b": scores["b"], "c": scores["c"]},
        "other:ann": {"x": scores["x"], "y": scores["y"]},
    }
    assert (view.parked_queues, view.parked_owners) == ({"ann": {"q", "other"}}, {"ann"})
    assert {view.jobs[job_id]["st"] for job_id in parked} == {"queued"}
    assert view.lines["q:ann"].keys() == {"a", "b", "c"}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_out_of_running_frees_one_in_each_queue(world: World, way: Way) -> None:
    """The first one, and wakes those queues: one of the two may have no worker."""
    held = start(world)
    world.redis.delete(keys.wake("q"), keys.wake("other"))
    way(world, held)
    view = world.look()
    freed = {"b", "c", "x", "y"} if way is drop_limit else {"b", "x"}
    for job_id in ("b", "c", "x", "y"):
        score = float(view.jobs[job_id]["s"]) if job_id in freed else PARKED
        assert view.places[job_id][0].score == score, job_id
    assert view.content(keys.wake("q"), None) == view.content(keys.wake("other"), None) == ["1"]
    assert view.parked_owners == (set() if way is drop_limit else {"ann"})


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whoever_is_freed_first_takes_the_place(world: World, way: Way) -> None:
    """The other is parked again: no more run than may."""
    held = start(world)
    way(world, held)
    if way in {hand_back, lose}:
        world.redis.zadd(keys.queue("q"), {"a": world.now + 3_600_000})
    running = world.worker("w2").claim(5, queue="other").ids + world.worker("w2").claim(5).ids
    assert running == (["x", "y", "b", "c"] if way is drop_limit else ["x"])
    view = world.look()
    assert view.running_count("ann") <= view.limit_of("ann")


def test_the_last_parked_leaves_nothing(world: World) -> None:
    """Neither a set nor a name in one."""
    world.limit("ann", 1)
    world.enqueue(Spec("a"), Spec("b"))
    [held] = world.worker().claim(5).jobs
    world.finish(End(held))
    view = world.look()
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())


def test_a_renewal_takes_its_job_out_of_the_parked(world: World) -> None:
    """The lease was lost, and the job parked: it still runs, and goes on."""
    world.limit("ann", 1)
    world.enqueue(Spec("a"))
    held = world.worker().take("a")
    lose(world, held)
    world.enqueue(Spec("b", priority=10))
    assert world.worker("w2").claim(5).ids == ["b"]
    assert world.score_of("a") == PARKED
    assert world.renew("w1", held) == ["ok"]
    view = world.look()
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())
    assert view.running_count("ann") == 2


@pytest.mark.parametrize("way", [finish, finish_in_claim, retry])
def test_a_parked_job_may_be_ended_by_who_held_it(world: World, way: Way) -> None:
    """Nothing of it is left among the parked."""
    world.limit("ann", 1)
    world.enqueue(Spec("a"))
    held = world.worker().take("a")
    lose(world, held)
    world.enqueue(Spec("b", priority=10))
    assert world.worker("w2").claim(5).ids == ["b"]
    way(world, held)
    view = world.look()
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())


def test_a_limit_of_nought_lets_nothing_run(world: World) -> None:
    """Until it is raised."""
    world.limit("ann", 0)
    world.enqueue(Spec("a"), Spec("b"), Spec("c", owner="bob"))
    assert world.worker().claim(5).ids == ["c"]
    world.sweep()
    assert world.worker().claim(5).jobs == []
    world.limit("ann", 2)
    assert world.worker().claim(5).ids == ["a", "b"]


def test_a_lowered_limit_stops_nobody(world: World) -> None:
    """Those that run go on; the next wait until enough have ended."""
    world.limit("ann", 3)
    world.enqueue(*(Spec(f"j{index}") for index in range(5)))
    jobs = world.worker().claim(3).jobs
    world.limit("ann", 1)
    assert world.renew("w1", *jobs) == ["ok"] * 3
    world.finish(*map(End, jobs[:2]))
    assert world.worker().claim(5).jobs == []
    world.finish(End(jobs[2]))
    assert world.worker().claim(5).ids == ["j3"]


def test_everybodys_limit_is_for_those_without_their_own(world: World) -> None:
    """And never for the owners `system` and `arq`."""
    world.limit("*", 1)
    world.limit("bob", 2)
    owners = ("ann", "bob", "system", "arq")
    world.enqueue(*(Spec(f"{owner}{index}", owner=owner) for owner in owners for index in range(3)))
    ids = world.worker().claim(20).ids
    assert [sum(job_id.startswith(owner) for job_id in ids) for owner in owners] == [1, 2, 3, 3]


def test_everybodys_raised_limit_frees_with_the_next_sweep(world: World) -> None:
    """As many of each owner as may run now."""
    world.limit("*", 1)
    world.enqueue(*(Spec(f"{owner}{index}", owner=owner) for owner in ("ann", "bob") for index in range(4)))
    assert world.worker().claim(20).ids == ["ann0", "bob0"]
    world.limit("*", 3)
    assert world.worker().claim(20).jobs == []
    world.sweep()
    assert sorted(world.worker().claim(20).ids) == ["ann1", "ann2", "bob1", "bob2"]


def test_a_sweep_goes_through_all_owners(world: World) -> None:
    """Some hundreds of them, over several calls."""
    owners = [f"o{index}" for index in range(450)]
    for owner in owners:
        world.limit(owner, 0)
    for first in range(0, 450, 150):
        world.enqueue(*(Spec(f"j.{owner}", owner=owner) for owner in owners[first : first + 150]))
    for _ in range(3):
        assert world.worker().claim(200).jobs == []
    assert world.look().parked_owners == set(owners)
    world.redis.delete(keys.LIMITS)
    world.sweep()
    assert world.look().parked_owners == set()
    assert all(score < 0 for score in world.look().queues["q"].values())


def test_a_running_job_without_a_lease_takes_no_place(world: World) -> None:
    """Its worker is dead: the sweep lets the next one go on before anybody has noticed."""
    held = start(world)
    world.sleep_alive(LEASE_MS)
    world.sweep()
    assert world.score_of("b") != PARKED
    assert world.hash_of(held.id)["st"] == "running"


def test_jobs_whose_leases_ran_out_while_nobody_was_heard_of_take_their_places(world: World) -> None:
    """They still run: until their workers have had the time to renew, no more than may run beside them."""
    held = start(world)
    world.sleep(LEASE_MS + 1)
    assert world.worker("w2").claim(5, queue="other").jobs == []
    world.sweep()
    assert world.worker("w2").claim(5).jobs == []
    assert world.look().running_count("ann") == 1
    assert world.run("usage", "ann") == [5, 1]
    world.sleep_alive(LEASE_MS + 1)
    assert world.worker("w2").claim(1).ids == ["a"]
    assert world.finish(End(held)) == ["taken"]


def test_what_left_its_parking_by_itself_is_not_freed(world: World) -> None:
    """A stale name among the parked neither moves an entry nor takes another's turn."""
    held = start(world)
    world.redis.zadd(keys.queue("q"), {"b": world.now + 5_000})
    finish(world, held)
    assert world.score_of("b") == world.now + 5_000
    assert world.score_of("c") == float(world.hash_of("c")["s"])


def test_limits_and_sweeps_may_be_repeated(world: World) -> None:
    """The second changes nothing: who is at his limit stays parked, who is free is free."""
    start(world)
    world.limit("ann", 1)
    world.sweep()
    before = world.look()
    world.limit("ann", 1)
    world.sweep()
    assert world.look().contents == before.contents
    world.limit("ann", 3)
    freed = world.look().queues
    world.limit("ann", 3)
    assert world.look().queues == freed
    world.limit("ann", None)
    world.limit("ann", None)
    assert keys.LIMITS not in world.look().keys
