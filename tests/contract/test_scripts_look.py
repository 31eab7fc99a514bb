"""The scripts, call by call: what stock tools leave of a job is found, and mended."""

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_rules import check_empty
from tests.support.protocol_words import End, Spec

NAME = "t:ann:monday"
RESULT = '{"s":true,"r":1}'


def end_as_stock(world: World, job_id: str) -> None:
    """Do what a stock worker does at the end of a job."""
    world.redis.delete(keys.PAYLOAD + job_id, keys.IN_PROGRESS + job_id, keys.RETRY + job_id)
    world.redis.zrem(keys.queue("q"), job_id)
    world.redis.set(keys.RESULT + job_id, RESULT, px=3_600_000)


def test_what_is_there_is_live(world: World) -> None:
    """Waiting, running and held by a stock worker; nothing is changed."""
    world.enqueue(Spec("waiting"), Spec("later", due=world.now + 9_000), Spec("running", priority=9), Spec("lent"))
    world.worker().take("running")
    world.redis.set(keys.IN_PROGRESS + "lent", "1", px=310_000)
    world.redis.delete(keys.PAYLOAD + "lent")
    before = world.look().contents
    assert world.look_for(*[(name, 1) for name in ("waiting", "later", "running", "lent")]) == ["live"] * 4
    assert world.look().contents == before


def test_what_has_ended_or_was_never_here_is_told_apart(world: World) -> None:
    """By the mark or the result that an end leaves."""
    world.enqueue(Spec("j"))
    world.finish(End(world.worker().take("j")))
    assert world.look_for(("j", 1), ("k", 1), ("j", 2)) == ["ended", "missing", "missing"]


class TestStockEnd:
    """A stock worker has ended one of ours: only its hash and its places in the indexes are left."""

    @pytest.mark.parametrize("was_running", [True, False])
    def test_it_is_taken_over(self, world: World, *, was_running: bool) -> None:
        """The end is told once, nothing is left of the job, and who waits behind it goes on."""
        world.limit("ann", 1)
        world.enqueue(Spec("j", unique=NAME, expires=world.now + 90_000), Spec("k", priority=1))
        if was_running:
            world.worker().take("j")
            assert world.worker().claim().jobs == []
        end_as_stock(world, "j")
        assert world.look_for(("j", 1)) == [f"done:{RESULT}"]
        assert world.cancel(("j", 1)) == ["ended"]
        assert world.run("adopt", "j", "succeeded", 1, "", "1") == 1
        view = world.look()
        (event,) = (event for event in view.events if event["state"] == "succeeded")
        assert (event["id"], event["try"], event["result"]) == ("j", "1", "1")
        assert view.results == {"j": RESULT}
        assert world.run("adopt", "j", "failed", 1, "{}", "") == 0
        assert world.look_for(("j", 1)) == ["ended"]
        assert world.enqueue(Spec("j")) == ["ended"]
        world.sleep_alive(LEASE_MS)
        world.finish(End(world.worker().take("k")))
        world.sleep(4 * 3_600_000)
        check_empty(world.look())

    def test_a_worker_of_ours_that_still_runs_it_is_told(self, world: World) -> None:
        """Whatever it makes of the job counts no more."""
        world.enqueue(Spec("j"))
        held = world.worker().take("j")
        end_as_stock(world, "j")
        world.run("adopt", "j", "failed", 1, '{"type":"E"}', "")
        assert world.renew("w1", held) == ["ended"]
        assert world.finish(End(held, fresh=True)) == ["ended"]
        assert world.look().results == {"j": RESULT}

    def test_what_is_whole_is_not_taken_over(self, world: World) -> None:
        """A look may be old by the time that something is done about it."""
        world.enqueue(Spec("j"))
        assert world.run("adopt", "j", "succeeded", 1, "", "1") == 0
        world.redis.delete(keys.PAYLOAD + "j")
        assert world.run("adopt", "j", "succeeded", 1, "", "1") == 0
        assert world.look().jobs.keys() == {"j"}


class TestLostPayload:
    """A payload is gone, and nothing says that the job has ended."""

    def test_it_is_put_back(self, world: World) -> None:
        """A job that was put away for it goes in line again, where it stood."""
        world.enqueue(Spec("j"))
        world.redis.delete(keys.PAYLOAD + "j")
        assert world.worker().claim().jobs == []
        assert world.look_for(("j", 1)) == ["bare"]
        assert world.run("put_payload", "j", 1, '{"f":"t"}') == 1
        assert world.run("put_payload", "j", 1, "another") == 0
        assert world.redis.llen(keys.wake("q")) == 1
        assert world.worker().take("j").payload == '{"f":"t"}'

    def test_only_of_the_run_that_has_lost_it(self, world: World) -> None:
        """Another run has its own."""
        world.enqueue(Spec("j"))
        world.redis.delete(keys.PAYLOAD + "j")
        assert world.run("put_payload", "j", 2, "{}") == 0
        assert world.run("put_payload", "k", 1, "{}") == 0
        assert world.look().payloads == {}


@pytest.mark.parametrize("state", ["queued", "scheduled", "running", "retrying"])
def test_a_lost_entry_is_put_back(world: World, state: str) -> None:
    """After five seconds, where the job's state asks for it."""
    world.enqueue(Spec("j", due=world.now + 60_000 if state == "scheduled" else 0))
    if state in {"running", "retrying"}:
        held = world.worker().take("j")
        if state == "retrying":
            world.retry(held, delay=60_000)
    expected = world.score_of("j")
    world.redis.zrem(keys.queue("q"), "j")
    assert world.look_for(("j", 1)) == ["live"]
    assert world.score_of("j") is None
    world.sleep(5_001)
    assert world.look_for(("j", 1)) == ["live"]
    assert world.score_of("j") == expected
