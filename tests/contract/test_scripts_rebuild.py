"""The scripts, call by call: what a steward does to a Redis that has lost something."""

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_rules import check_empty
from tests.support.protocol_words import End, Spec

EPOCH = "site:1"


def hold(world: World, *, ms: int = 10_000, epoch: str = "", queues: tuple[str, ...] = ()) -> None:
    """Hold the claims, or with 0 let go."""
    world.run("hold", ms, epoch, *queues)


def meet(world: World) -> int:
    """Connect."""
    return int(world.run("meet", 10_000))


class TestEpoch:
    """Redis is not what the caller takes it for."""

    def test_who_means_another_content_is_refused(self, world: World) -> None:
        """Nothing of what he brings is taken; whoever names none is let in."""
        hold(world, epoch=EPOCH)
        assert world.enqueue(Spec("a"), Spec("b"), epoch="site:0") == ["epoch", "epoch"]
        assert world.look().jobs == {}
        assert world.enqueue(Spec("a"), epoch=EPOCH) == ["queued"]
        assert world.enqueue(Spec("b")) == ["queued"]

    def test_who_means_a_content_that_is_gone_is_refused(self, world: World) -> None:
        """An emptied Redis has no name."""
        assert world.enqueue(Spec("a"), epoch=EPOCH) == ["epoch"]
        assert world.look().jobs == {}


class TestHold:
    """Nothing is claimed for a while."""

    def test_all_else_goes_on(self, world: World) -> None:
        """Renewals, ends and submissions."""
        world.enqueue(Spec("a"), Spec("b"))
        held = world.worker().take("a")
        hold(world)
        assert world.worker().claim(slots=5).jobs == []
        assert world.renew("w1", held) == ["ok"]
        assert world.enqueue(Spec("c")) == ["queued"]
        claim = world.worker().claim(slots=5, ends=[End(held)])
        assert (claim.answers, claim.jobs) == (["ok"], [])

    def test_whoever_waits_is_woken_at_its_end(self, world: World) -> None:
        """The claim that was made meanwhile has taken the token."""
        world.enqueue(Spec("a"))
        hold(world)
        world.worker().claim()
        world.redis.delete(keys.wake("q"))
        hold(world, ms=0, queues=("q",))
        assert world.redis.llen(keys.wake("q")) == 1
        assert world.worker().claim().ids == ["a"]

    def test_it_ends_by_itself(self, world: World) -> None:
        """The steward that wanted it may be dead."""
        world.enqueue(Spec("a"))
        hold(world)
        world.sleep(10_001)
        assert world.worker().claim().ids == ["a"]


class TestMeet:
    """A connection looks whether the content was last seen on this server."""

    def test_of_another_server_nothing_is_claimed_until_a_steward_says_so(self, world: World) -> None:
        """It may be old: what it has in line may have ended since."""
        world.enqueue(Spec("a"))
        world.redis.set(keys.SERVER, "c0ffee 1dea")
        assert meet(world) == 1
        assert world.worker().claim(slots=5).jobs == []
        hold(world, ms=0)
        assert world.worker().claim().ids == ["a"]

    def test_without_a_steward_it_is_held_once(self, world: World) -> None:
        """Further connections change nothing."""
        world.enqueue(Spec("a"))
        world.redis.set(keys.SERVER, "c0ffee 1dea")
        assert meet(world) == 1
        world.sleep(10_001)
        assert meet(world) == 0
        assert world.worker().claim().ids == ["a"]

    def test_what_no_server_was_noted_for_is_new(self, world: World) -> None:
        """Nothing of it can have ended elsewhere."""
        world.enqueue(Spec("a"))
        assert [meet(world), meet(world)] == [0, 0]
        assert world.worker().claim().ids == ["a"]


class TestForget:
    """PostgreSQL has the end of a run that is here."""

    @pytest.mark.parametrize("state", ["queued", "scheduled", "running", "parked", "retrying"])
    def test_nothing_is_left_of_it(self, world: World, state: str) -> None:
        """But a mark, so that nobody brings it back; and who waits behind it goes on."""
        world.limit("ann", 1)
        world.enqueue(Spec("other"), Spec("j", due=world.now + 60_000 if state == "scheduled" else 0, unique="t:ann:x"))
        other = world.worker().take("other")
        if state == "parked":
            assert world.worker().claim().jobs == []
        world.finish(End(other))
        if state in {"running", "retrying"}:
            held = world.worker().take("j")
            if state == "retrying":
                world.retry(held, delay=60_000)
        if state == "parked":
            world.limit("ann", 0)
        assert world.run("forget", 1, "j", 1, "succeeded") == 1
        assert world.run("forget", 1, "j", 1, "succeeded") == 0
        assert world.enqueue(Spec("j")) == ["ended"]
        world.limit("ann", 1)
        world.enqueue(Spec("k", unique="t:ann:x"))
        world.finish(End(world.worker().take("k")))
        world.sleep(4 * 3_600_000)
        check_empty(world.look())

    def test_a_later_run_and_a_stock_entry_stay(self, world: World) -> None:
        """What has no hash may be a new job of the same id."""
        world.enqueue(Spec("j", run=2))
        world.redis.set(keys.PAYLOAD + "raw", "{}")
        world.redis.zadd(keys.queue("q"), {"raw": world.now})
        assert world.run("forget", 2, "j", 1, "failed", "raw", 1, "failed") == 0
        assert set(world.look().payloads) == {"j", "raw"}

    def test_a_worker_that_still_runs_it_is_told(self, world: World) -> None:
        """It stops, and its end counts no more."""
        world.enqueue(Spec("j"))
        held = world.worker().take("j")
        world.run("forget", 1, "j", 1, "failed")
        world.sleep(LEASE_MS // 3)
        assert world.renew("w1", held) == ["ended"]
        assert world.finish(End(held, fresh=True)) == ["ended"]
