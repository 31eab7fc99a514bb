"""Parked jobs are put back in line before stock workers take over: those of every owner, whatever the limits."""

from collections import Counter

import pytest

from jobs import keys
from jobs.scoring import PARKED, QUARANTINE
from tests.support.protocol import START_MS, World
from tests.support.protocol_words import End, Spec

OWNERS = ("ann", "bob", "cid", "dan")


def park(world: World, *jobs: Spec) -> None:
    """Put jobs in line of owners who may run none, and let a claim park them."""
    for owner in {job.owner for job in jobs}:
        world.limit(owner, 0)
    for first in range(0, len(jobs), 200):
        world.enqueue(*jobs[first : first + 200])
    for queue in {job.queue for job in jobs}:
        while world.worker().claim(10, queue=queue).more_ready:
            pass


def release_all(world: World, queue: str, *owners: str) -> list[int]:
    """Release until none is parked; give how many each call released."""
    released, left = world.release_parked(queue, *owners)
    counts = [released]
    while left:
        released, left = world.release_parked(queue, *owners)
        counts.append(released)
    return counts


def ready_scores(world: World, queue: str) -> dict[str, float]:
    """Give the scores that the hashes of a queue's jobs have."""
    return {job_id: float(job["s"]) for job_id, job in world.look().jobs.items() if job["q"] == queue}


def test_what_is_parked_goes_back_to_its_own_place_in_line(world: World) -> None:
    """Though its owner may run none, in every queue, and its workers are woken."""
    park(world, Spec("a"), Spec("urgent", priority=9), Spec("b", owner="bob"), Spec("x", queue="other"))
    world.redis.delete(keys.wake("q"))
    assert world.release_parked("q", "ann", "bob") == (3, 0)
    view = world.look()
    assert view.queues["q"] == ready_scores(world, "q")
    assert view.content(keys.wake("q"), None) == ["1"]
    assert view.queues["other"] == {"x": PARKED}
    assert view.parked.keys() == {"other:ann"}
    assert (view.parked_queues, view.parked_owners) == ({"ann": {"other"}}, {"ann"})
    assert world.release_parked("other", "ann") == (1, 0)
    view = world.look()
    assert view.queues["other"] == ready_scores(world, "other")
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())


def test_a_thousand_go_two_hundred_a_call(world: World) -> None:
    """Of four owners in two queues; none is left behind, and no set."""
    jobs = [
        Spec(f"j{index}", owner=OWNERS[index % 4], queue="other" if index % 3 == 0 else "q", priority=1 + index % 10)
        for index in range(1_000)
    ]
    park(world, *jobs)
    assert Counter(place.score for (place,) in world.look().places.values()) == {PARKED: 1_000}
    assert release_all(world, "q", *OWNERS) == [200, 200, 200, 66]
    assert release_all(world, "other", *OWNERS) == [200, 134]
    view = world.look()
    for queue in ("q", "other"):
        assert view.queues[queue] == ready_scores(world, queue)
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())


def test_a_job_without_a_hash_that_can_be_read_goes_too(world: World) -> None:
    """A stock worker needs only the payload; our next claim puts it aside."""
    park(world, Spec("bad"), Spec("good"))
    score = float(world.hash_of("bad")["s"])
    world.redis.set(keys.JOB + "bad", "x")
    assert world.release_parked("q", "ann") == (2, 0)
    assert world.score_of("bad") == score
    assert world.look().parked_owners == set()
    world.limit("ann", None)
    assert world.worker().claim(5).ids == ["good"]
    assert world.score_of("bad") == QUARANTINE


@pytest.mark.parametrize("is_known", [True, False], ids=["its owner is named", "nobody is named"])
def test_what_no_set_has_goes_by_its_hash(world: World, is_known: bool) -> None:  # noqa: FBT001  the case
    """The set was lost, or its owner is not known to the caller; nothing is left in either."""
    park(world, Spec("a"), Spec("b"))
    if is_known:
        world.redis.delete(keys.PARKED + "q:ann")
    assert world.release_parked("q", *(["ann"] if is_known else [])) == (2, 0)
    view = world.look()
    assert view.queues["q"] == ready_scores(world, "q")
    assert (view.parked, view.parked_queues, view.parked_owners) == ({}, {}, set())


def test_what_neither_a_set_nor_a_hash_has_comes_due_now(world: World) -> None:
    """So that a stock worker sees it, and ours deals with it."""
    park(world, Spec("bad"), Spec("good"))
    world.redis.delete(keys.PARKED + "q:ann")
    world.redis.hdel(keys.JOB + "bad", "s")
    assert world.release_parked("q", "ann") == (2, 0)
    assert world.score_of("bad") == START_MS
    world.limit("ann", None)
    assert world.worker().claim(5).ids == ["good"]
    assert world.score_of("bad") == QUARANTINE


def test_nothing_else_moves(world: World) -> None:
    """Neither what runs, is due later or is in quarantine, nor what has left its parking by itself."""
    world.enqueue(Spec("bad", owner="bob"), Spec("later", due=START_MS + 60_000))
    world.redis.set(keys.JOB + "bad", "x")
    assert world.worker().claim(5).jobs == []
    world.enqueue(Spec("running", owner="bob"))
    world.worker().take("running")
    park(world, Spec("moved"), Spec("parked"))
    world.redis.zadd(keys.queue("q"), {"moved": START_MS + 5_000})
    before = world.look().queues["q"]
    assert world.release_parked("q", "ann", "bob") == (1, 0)
    after = world.look().queues["q"]
    assert after.pop("parked") == float(world.hash_of("parked")["s"])
    assert after == {job_id: score for job_id, score in before.items() if job_id != "parked"}
    assert after["bad"] == QUARANTINE


def test_a_queue_that_rests_is_no_exception(world: World) -> None:
    """A stock worker does not heed the rest; ours goes on resting."""
    park(world, Spec("a"))
    world.pause(since=world.now)
    assert world.release_parked("q", "ann") == (1, 0)
    world.limit("ann", None)
    assert world.worker().claim(5).jobs == []
    world.pause(since=None)
    assert world.worker().claim(5).ids == ["a"]


def test_a_second_call_finds_nothing(world: World) -> None:
    """And changes nothing, also where nothing ever was."""
    park(world, Spec("a"))
    assert world.release_parked("q", "ann") == (1, 0)
    before = world.look().contents
    assert world.release_parked("q", "ann") == (0, 0)
    assert world.release_parked("nothing", "nobody") == (0, 0)
    assert world.look().contents == before


def test_our_claim_parks_them_again(world: World) -> None:
    """The limit still counts for our workers: release is for those who do not know it."""
    park(world, Spec("a"), Spec("b"))
    world.release_parked("q", "ann")
    assert world.worker().claim(5).jobs == []
    assert world.look().queues["q"] == {"a": PARKED, "b": PARKED}
    world.limit("ann", 1)
    held = world.worker().take("a")
    world.finish(End(held))
    assert world.worker().claim(5).ids == ["b"]
