"""Clocks that jump, and memory that is lost: fences only rise, and no live lease is taken."""

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Spec

HOUR_MS = 3_600_000


def test_versions_rise_with_each_event(world: World) -> None:
    """Within a script, within a millisecond, and over all that happens to a job."""
    world.enqueue(Spec("a"), Spec("b"), Spec("c", due=START_MS + 1))
    first, second = world.worker().claim(2).jobs
    world.retry(first)
    world.hand_back(second)
    world.sleep(1)
    world.finish(*map(End, world.worker().claim(3).jobs))
    versions = [int(event["v"]) for event in world.look().events]
    assert len(versions) == 15
    assert versions == sorted(set(versions))


def test_fences_rise_while_the_clock_goes_back(world: World) -> None:
    """By an hour, between two claims of one job."""
    world.enqueue(Spec("j"))
    first = world.worker().take("j")
    world.hand_back(first)
    world.sleep(-HOUR_MS)
    second = world.worker().take("j")
    assert second.fence > first.fence
    assert world.finish(End(first), End(second)) == ["taken", "ok"]
    versions = [int(event["v"]) for event in world.look().events]
    assert versions == sorted(set(versions))


def test_fences_rise_over_a_loss_of_all_memory(world: World) -> None:
    """They follow the clock, not a counter that begins anew."""
    world.enqueue(*(Spec(f"j{index}") for index in range(200)))
    before = [job.fence for job in world.worker().claim(200).jobs]
    world.redis.flushdb()
    world.redis.set("test:clock", (world.now + 1) * 1000)
    world.now += 1
    world.enqueue(Spec("j0"))
    assert world.worker().take("j0").fence > max(before)


def test_a_clock_that_goes_ahead_takes_no_live_lease(world: World) -> None:
    """It looks like a silence of all workers: each has the time to renew."""
    world.enqueue(Spec("live"), Spec("dead"))
    live, _ = world.worker().claim(2).jobs
    world.sleep(HOUR_MS)
    assert world.worker("w2").claim(2).jobs == []
    assert world.renew("w1", live) == ["ok"]
    world.sleep_alive(LEASE_MS + 1, live)
    assert world.worker("w2").claim(2).ids == ["dead"]


def test_a_clock_that_goes_back_keeps_live_leases(world: World) -> None:
    """A renewal gives them their right length."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    world.sleep(-HOUR_MS)
    assert world.renew("w1", held) == ["ok"]
    assert world.score_of("j") == world.now + LEASE_MS
    assert world.look().running == {"ann": {"j": world.now + LEASE_MS}}


def test_a_sweep_shortens_leases_that_a_clock_has_made_long(world: World) -> None:
    """The parked of a dead worker's owner do not wait an hour for it."""
    world.limit("ann", 1)
    world.enqueue(Spec("dead"), Spec("next"))
    world.worker().claim(2)
    world.sleep(-HOUR_MS)
    world.sweep()
    assert world.look().running == {"ann": {"dead": world.now + LEASE_MS}}
    world.sleep_alive(LEASE_MS)
    world.sweep()
    assert world.worker("w2").claim().ids == ["next"]


def test_a_dead_worker_s_jobs_do_not_wait_for_a_clock_that_was_set_back(world: World) -> None:
    """A look finds their leases too long; who lives has renewed his, and keeps it."""
    world.enqueue(Spec("live"), Spec("dead"), Spec("later", due=world.now + HOUR_MS))
    live, _ = world.worker().claim(2).jobs
    world.sleep(-HOUR_MS)
    assert world.renew("w1", live) == ["ok"]
    names = ("live", "dead", "later")
    assert world.look_for(*[(name, 1) for name in names]) == ["live"] * 3
    assert world.look().running == {"ann": {"live": world.now + LEASE_MS, "dead": world.now + LEASE_MS}}
    assert [world.score_of(name) for name in names] == [world.now + LEASE_MS] * 2 + [START_MS + HOUR_MS]
    world.sleep_alive(LEASE_MS + 1, live)
    assert world.worker("w2").claim(3).ids == ["dead"]


def test_a_lease_of_other_settings_is_left_as_it_is(world: World) -> None:
    """Workers of before may have longer ones than the steward knows of."""
    world.enqueue(Spec("j"))
    world.worker().take("j")
    for index in (keys.queue("q"), keys.RUNNING + "ann"):
        world.redis.zadd(index, {"j": world.now + 10 * LEASE_MS})
    world.sleep(6_000)
    world.look_for(("j", 1))
    assert world.score_of("j") == START_MS + 10 * LEASE_MS


def test_a_silence_does_not_last_longer_for_a_clock_that_is_set_back(world: World) -> None:
    """No lease counts as lost for one lease, and not for an hour."""
    world.enqueue(Spec("j"))
    world.worker().take("j")
    world.sleep(LEASE_MS + 1)
    assert world.worker("w2").claim().jobs == []
    world.sleep(-HOUR_MS)
    world.look_for(("j", 1))
    assert world.worker("w2").claim().jobs == []
    world.sleep_alive(LEASE_MS + 1)
    assert world.worker("w2").claim().ids == ["j"]


def test_what_was_put_aside_comes_back_though_the_clock_was_set_back(world: World) -> None:
    """It was to wait for seconds. What a stock worker has waits for that."""
    world.enqueue(Spec("rare", task="rare"), Spec("lent"))
    world.redis.set(keys.IN_PROGRESS + "lent", "1", px=310_000)
    world.redis.zadd(keys.queue("q"), {"lent": world.now + 310_000})
    assert world.worker().claim(2).jobs == []
    world.sleep(-HOUR_MS)
    world.look_for(("rare", 1), ("lent", 1))
    assert world.worker("w2", tasks=("t", "rare")).claim(2).ids == ["rare"]
    assert world.score_of("lent") == START_MS + 310_000


def test_what_a_stock_worker_lets_wait_is_left_to_it(world: World) -> None:
    """It has put the entry of its try to when the next one is to be, however late."""
    world.enqueue(Spec("j"))
    world.run("lend", "j", "stock", 1, 5, 300_000)
    world.redis.zadd(keys.queue("q"), {"j": world.now + 300_000})
    world.sleep(10_000)
    world.look_for(("j", 1))
    assert world.score_of("j") == START_MS + 300_000


def test_an_entry_that_is_lost_as_the_clock_is_set_back_is_found(world: World) -> None:
    """The job has changed last at a time that is not yet."""
    world.enqueue(Spec("j"))
    world.redis.zrem(keys.queue("q"), "j")
    world.sleep(-HOUR_MS)
    world.look_for(("j", 1))
    assert world.worker().claim().ids == ["j"]


def test_whoever_was_heard_of_before_the_clock_was_set_back_is_not_heard_of_for_an_hour(world: World) -> None:
    """He is silent from the next word of another on."""
    for name in ("dead", "live"):
        world.run("present", name, "{}")
    world.sleep(-HOUR_MS)
    world.run("present", "live", "{}")
    world.sleep(20_000)
    world.run("present", "live", "{}")
    assert sorted(world.run("muster", 60_000)) == [["{}", 0], ["{}", 20_000]]


def test_a_key_in_flight_does_not_wait_for_a_clock_that_was_set_back(world: World) -> None:
    """Whoever claimed it has died; where the clock goes back by no more than has passed, it is his for as long."""
    world.claim_key("ann:k", "ab", "1")
    world.sleep(1_000)
    world.sleep(-1_000)
    assert world.claim_key("ann:k", "ab", "2") == ("busy", "1", "")
    world.sleep(-HOUR_MS)
    assert world.claim_key("ann:k", "ab", "2") == ("first", "1", "")
    assert world.claim_key("ann:k", "ab", "3") == ("busy", "1", "")


def test_places_of_the_dead_do_not_wait_for_a_clock_that_was_set_back(world: World) -> None:
    """A job's and a batch's; where the clock goes back by no more than has passed, they are theirs for as long."""
    world.allow("*", 3)
    assert world.admit(("dead", "ann")) == ["ok:2"]
    assert world.run("admit_all", 0, "ann", "lost", 2) == "ok:0"
    world.sleep(1_000)
    world.sleep(-1_000)
    assert world.admit(("live", "ann")) == ["quota:0:3"]
    world.sleep(-HOUR_MS)
    assert world.run("usage", "ann") == [0, 0]
    assert world.admit(("live", "ann")) == ["ok:2"]
    assert world.run("admit_all", 0, "ann", "whole", 2) == "ok:0"


def test_a_day_of_waiting_is_counted_in_the_last_bucket(world: World) -> None:
    """And below nought, where a clock went back, in the first."""
    world.enqueue(Spec("long"))
    world.sleep(24 * HOUR_MS)
    world.worker().claim()
    world.enqueue(Spec("back"))
    world.sleep(-1_000)
    world.worker().claim()
    counters = world.look().counters
    assert (counters["wait_ms|q|t|20"], counters["wait_ms|q|t|0"]) == (1, 1)
    assert counters["wait_ms_sum|q|t"] == 24 * HOUR_MS


@pytest.mark.parametrize("amount", [1, 200])
def test_long_numbers_keep_their_digits(world: World, amount: int) -> None:
    """Scores and fences have sixteen, more than Lua writes by itself."""
    world.sleep(123)
    world.enqueue(*(Spec(f"j{index}", due=world.now + 777) for index in range(amount)))
    assert world.score_of("j0") == world.now + 777
    world.sleep(777)
    [held] = world.worker().claim(1).jobs
    assert held.fence // 1000 == world.now
    assert world.redis.get(keys.FENCE) == str(held.fence)
    assert world.redis.get(keys.ALIVE) == str(world.now)
    assert world.look().holders == {held.id: f"s:w1:{held.fence}"}
