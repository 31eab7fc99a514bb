"""No script does more than so much, however long the queue is; and a story of jobs is counted to the last one."""

from typing import cast

from jobs import counters, keys
from jobs.counters import Histogram, Pair, parse
from jobs.model import State
from jobs.scoring import PARKED, TIMED_BELOW
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Spec


def enqueue_many(world: World, amount: int) -> None:
    """Put many short jobs of ann's in line, two hundred a call: all rank before bob's, whose are less urgent."""
    for first in range(0, amount, 200):
        world.enqueue(*(Spec(f"j{first + index}", typical=0.0) for index in range(200)))


def spent_s(world: World) -> float:
    """Give the processor time that Redis has taken so far: what else the machine does is no part of it."""
    told = cast(dict[str, float], world.redis.info("cpu"))
    return told["used_cpu_user"] + told["used_cpu_sys"]


def test_a_claim_examines_two_hundred(world: World) -> None:
    """Then it says that there is more, and the next goes on behind."""
    world.limit("ann", 0)
    enqueue_many(world, 600)
    world.enqueue(Spec("other", owner="bob", priority=1))
    worker = world.worker()
    for examined in (200, 400, 600):
        claim = worker.claim(10)
        assert (claim.jobs, claim.more_ready) == ([], True)
        assert sum(score == PARKED for score in world.look().queues["q"].values()) == examined
    claim = worker.claim(10)
    assert (claim.ids, claim.more_ready) == (["other"], False)


def test_ten_thousand_parked_jobs_delay_another_owners_little(world: World) -> None:
    """Fifty claims of a few ms each, once; then none at all."""
    world.limit("ann", 1)
    enqueue_many(world, 10_000)
    world.enqueue(Spec("other", owner="bob", priority=1))
    worker = world.worker()
    began_s = spent_s(world)
    calls = [worker.claim(10).ids for _ in range(51)]
    assert spent_s(world) - began_s < 1.0  # about 0.2
    assert calls == [["j0"], *[[]] * 49, ["other"]]
    world.enqueue(Spec("next", owner="bob", priority=1))
    assert worker.claim(10).ids == ["next"]


def test_a_claim_restores_two_hundred_at_once(world: World) -> None:
    """And says that more are due."""
    enqueue_many(world, 400)
    world.redis.zadd(keys.queue("q"), {f"j{index}": START_MS for index in range(400)})
    worker = world.worker()
    first, second, third = worker.claim(0), worker.claim(0), worker.claim(0)
    assert (first.more_due, second.more_due, third.more_due) == (True, True, False)
    assert all(score < 0 for score in world.look().queues["q"].values())


def test_a_claim_mends_a_hundred_strange_scores_at_once(world: World) -> None:
    """And says that more are to be looked at."""
    enqueue_many(world, 200)
    world.redis.zadd(keys.queue("q"), {f"j{index}": 1 for index in range(200)})
    first, second = world.worker().claim(0), world.worker().claim(0)
    assert (first.more_due, second.more_due) == (True, True)
    assert world.worker().claim(0).more_due is False


def test_a_release_frees_two_hundred_at_once(world: World) -> None:
    """The sweep does the rest, as much at a time."""
    world.limit("ann", 0)
    enqueue_many(world, 600)
    for _ in range(4):
        world.worker().claim(10)
    world.limit("ann", None)
    free = [sum(score < 0 for score in world.look().queues["q"].values())]
    for _ in range(2):
        world.sweep()
        free.append(sum(score < 0 for score in world.look().queues["q"].values()))
    assert free == [200, 400, 600]
    assert world.look().parked_owners == set()


def test_one_slot_is_filled_from_behind_many_that_may_not_run(world: World) -> None:
    """It is looked for one by one, yet not for long."""
    world.enqueue(*(Spec(f"x{index}", task="new", priority=10) for index in range(199)), Spec("j"))
    began_s = spent_s(world)
    assert world.worker().claim(1).ids == ["j"]
    assert spent_s(world) - began_s < 0.1  # about 0.004


def test_everything_is_counted_once(world: World) -> None:
    """A story of four jobs, told as it is shown: starts, ends by kind, tries, losses, and how long it took."""
    world.limit("ann", 2)
    world.enqueue(*(Spec(name, max_tries=9) for name in ("good", "bad", "slow")), Spec("later", due=START_MS + 30_000))
    good, bad = world.worker().claim(5).jobs
    world.sleep(400)
    assert world.finish(End(good, ms=400), End(good, ms=400)) == ["ok", "ended"]
    assert world.retry(bad, delay=600, ms=300) == "ok"
    slow = world.worker().take("slow")
    world.sleep(600)
    bad = world.worker().take("bad")
    world.finish(End(bad, "failed", ms=30))
    world.hand_back(slow)
    world.worker().take("slow")
    world.sleep_alive(LEASE_MS + 1)
    slow = world.worker("w2").take("slow")
    world.finish(End(slow, "cancelled", ms=-1))
    world.sleep_alive(20_000)
    world.finish(End(world.worker().take("later"), ms=2))
    [(pair, tally)] = parse(world.look().counters).items()
    assert pair == Pair("q", "t")
    assert (tally.enqueued, tally.started, tally.retried, tally.lost, tally.handed_back) == (4, 7, 1, 1, 1)
    assert tally.ended == {State.SUCCEEDED: 2, State.FAILED: 1, State.CANCELLED: 1, State.EXPIRED: 0}
    assert sum(tally.wait.counts) == tally.started
    ranks = {bound: index for index, bound in enumerate(counters.RUN_BOUNDS_MS)}
    counts = [0] * (len(counters.RUN_BOUNDS_MS) + 1)
    for bound, amount in ((500, 2), (50, 1), (5, 1)):
        counts[ranks[bound]] = amount
    assert tally.run == Histogram(counts=tuple(counts), sum_ms=400 + 300 + 30 + 2)


def test_a_day_far_ahead_is_kept(world: World) -> None:
    """What is scheduled for more than a year from now looks like a stranger's score, and stays where it is."""
    due = START_MS + 500 * 86_400_000
    assert due < TIMED_BELOW
    world.enqueue(Spec("j", due=due))
    assert world.worker().claim().next_due == due
    assert world.score_of("j") == due


def test_more_are_handed_back_than_lua_unpacks(world: World) -> None:
    """Each entry of a set takes two of the eight thousand words that it can."""
    enqueue_many(world, 4_200)
    worker = world.worker()
    held = [job for _ in range(21) for job in worker.claim(200).jobs]
    assert world.hand_back(*held) == ["ok"] * 4_200
    assert sum(score < 0 for score in world.look().queues["q"].values()) == 4_200
