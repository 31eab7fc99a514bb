"""Keys that cannot be read: each is put aside or dropped, and its neighbours run."""

from collections.abc import Callable

import pytest

from jobs import keys
from jobs.scoring import QUARANTINE
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Spec

PICKLED = b"\x80\x05\x95K\x00\xffpickle"

Damage = Callable[[World], object]

HASHES: dict[str, Damage] = {
    "another type": lambda world: world.redis.set(keys.JOB + "bad", "x") and world.redis.type(keys.JOB + "bad"),
    "a set": lambda world: (world.redis.delete(keys.JOB + "bad"), world.redis.sadd(keys.JOB + "bad", "x")),
    "a field missing": lambda world: world.redis.hdel(keys.JOB + "bad", "d"),
    "most missing": lambda world: world.redis.hdel(keys.JOB + "bad", "st", "q", "o", "t", "since", "s", "d"),
    "payload gone": lambda world: world.redis.delete(keys.PAYLOAD + "bad"),
    "payload a list": lambda world: (
        world.redis.delete(keys.PAYLOAD + "bad"),
        world.redis.rpush(keys.PAYLOAD + "bad", "x"),
    ),
}
damages = pytest.mark.parametrize("damage", HASHES.values(), ids=HASHES.keys())


@damages
def test_a_job_at_the_head_that_cannot_be_read_is_put_aside(world: World, damage: Damage) -> None:
    """Once, for good; those behind it run, at every poll."""
    world.enqueue(Spec("bad", priority=10), Spec("good"), Spec("next"))
    damage(world)
    good = world.worker().take("good")
    assert world.score_of("bad") == QUARANTINE
    world.sleep_alive(LEASE_MS * 2, good)
    assert world.worker().claim(1).ids == ["next"]
    assert world.score_of("bad") == QUARANTINE


@damages
def test_a_job_whose_lease_runs_out_and_that_cannot_be_read_is_put_aside(world: World, damage: Damage) -> None:
    """It does not stop others from being put in line."""
    world.enqueue(Spec("bad"), Spec("good"))
    world.worker().claim(2)
    damage(world)
    world.sleep_alive(LEASE_MS + 1)
    assert world.worker("w2").claim(5).ids == ["good"]
    assert world.score_of("bad") == QUARANTINE


@damages
def test_a_scheduled_job_that_cannot_be_read_is_put_aside(world: World, damage: Damage) -> None:
    """When it comes due."""
    world.enqueue(Spec("bad", due=START_MS + 1_000), Spec("good", due=START_MS + 1_000))
    damage(world)
    world.sleep(1_000)
    assert world.worker().claim(5).ids == ["good"]
    assert world.score_of("bad") == QUARANTINE


@damages
def test_who_runs_a_job_that_cannot_be_read_can_go_on_and_end_it(world: World, damage: Damage) -> None:
    """Together with the others that it holds; then nothing of the job is left."""
    world.enqueue(Spec("bad"), Spec("good"))
    bad, good = world.worker().claim(2).jobs
    damage(world)
    assert world.renew("w1", bad, good)[1] == "ok"
    assert world.finish(End(bad, fresh=True), End(good)) == ["ok", "ok"]
    view = world.look()
    assert not view.queues
    assert not view.running
    assert not view.lines
    assert keys.JOB + "bad" not in view.keys
    assert keys.PAYLOAD + "bad" not in view.keys


@damages
def test_a_job_that_cannot_be_read_can_be_submitted_anew(world: World, damage: Damage) -> None:
    """As another run; it leaves its quarantine."""
    world.enqueue(Spec("bad"))
    damage(world)
    world.worker().claim(5)
    assert world.enqueue(Spec("bad", run=2)) == ["queued"]
    assert world.worker().take("bad").run == 2


def test_an_entry_without_anything_is_dropped(world: World) -> None:
    """In every band that a claim looks at."""
    scores = {"ready": -5.0, "nought": 0.0, "one": 1.0, "due": START_MS - 1.0, "far": 7e15}
    world.redis.zadd(keys.queue("q"), scores)
    world.enqueue(Spec("good"))
    assert world.worker().claim(5).ids == ["good"]
    assert world.look().queues["q"].keys() == {"good"}


def test_a_retry_key_that_is_no_number_is_none_of_ours(world: World) -> None:
    """It says nothing that the hash does not say better."""
    world.enqueue(Spec("j"))
    world.redis.set(keys.RETRY + "j", "x")
    held = world.worker().take("j")
    assert world.retry(held) == "ok"
    world.redis.set(keys.RETRY + "j", "x")
    world.sleep(1)
    assert world.worker().take("j").tries == 2


def test_a_payload_of_another_codec_travels(world: World) -> None:
    """No script reads it: its neighbours run, and the worker says what is wrong with it."""
    world.enqueue(Spec("j"), Spec("good"))
    world.redis.set(keys.PAYLOAD + "j", PICKLED)
    claim = world.worker().claim(2)
    assert claim.ids == ["j", "good"]
    assert claim.jobs[0].payload.encode(errors="surrogateescape") == PICKLED


@pytest.mark.parametrize("state", ["ready", "due", "running"])
def test_a_hold_of_another_type_is_nobodys(world: World, state: str) -> None:
    """`arq:in-progress` as a list stops neither claims, renewals nor ends."""
    world.enqueue(Spec("j", due=START_MS + 1 if state == "due" else 0), Spec("good"))
    held = world.worker().claim(2).jobs if state == "running" else []
    world.redis.delete(keys.IN_PROGRESS + "j")
    world.redis.rpush(keys.IN_PROGRESS + "j", "x")
    world.sleep(1)
    if state == "running":
        assert world.renew("w1", *held) == ["ok", "ok"]
        world.redis.delete(keys.IN_PROGRESS + "j")
        world.redis.rpush(keys.IN_PROGRESS + "j", "x")
        assert world.finish(*map(End, held)) == ["ok", "ok"]
    else:
        assert sorted(world.worker().claim(2).ids) == ["good", "j"]
    assert world.look().holders.keys() == (set() if state == "running" else {"good", "j"})


@pytest.mark.parametrize("score", [0.0, 1.0, 5e11, 999_999_999_999.0, 7e15])
@pytest.mark.parametrize("state", ["queued", "scheduled", "running", "retrying", "parked"])
def test_an_entry_out_of_place_is_put_back(world: World, state: str, score: float) -> None:
    """Where its job's state asks for it, at the next claim, slots or none."""
    world.limit("ann", 0 if state == "parked" else None)
    world.enqueue(Spec("j", due=START_MS + 60_000 if state == "scheduled" else 0))
    if state in {"running", "retrying", "parked"}:
        held = world.worker().claim(5).jobs
        if state == "retrying":
            world.retry(held[0], delay=60_000)
    ready = float(world.hash_of("j")["s"])
    before = ready if state == "parked" else world.score_of("j")
    world.redis.zadd(keys.queue("q"), {"j": score})
    assert world.worker("w2").claim(0).jobs == []
    assert world.score_of("j") == before


@pytest.mark.parametrize("state", ["scheduled", "running", "retrying"])
def test_a_job_that_is_not_in_line_is_not_given_out(world: World, state: str) -> None:
    """Though somebody has put its entry before all others."""
    world.enqueue(Spec("j", due=START_MS + 9_000 if state == "scheduled" else 0))
    if state != "scheduled":
        held = world.worker().take("j")
        if state == "retrying":
            world.retry(held, delay=9_000)
    before = world.score_of("j")
    world.redis.zadd(keys.queue("q"), {"j": -5e12})
    assert world.worker("w2").claim(5).jobs == []
    assert world.score_of("j") == before


def test_numbers_that_are_none_stop_nobody(world: World) -> None:
    """A time-out without end, and what Python writes of very large and very small numbers."""
    odd = Spec("odd", due=START_MS + 1, timeout=float("inf"), typical=1e-05)
    world.enqueue(odd, odd._replace(id="large", typical=1e16), Spec("good", due=START_MS + 1))
    world.sleep(1)
    assert sorted(world.worker().claim(5).ids) == ["good", "large", "odd"]


def test_wishes_to_abort_in_a_key_of_another_type_are_none(world: World) -> None:
    """Jobs come in, run, are cancelled and end as ever."""
    world.redis.set(keys.ABORT, "x")
    world.enqueue(Spec("j"), Spec("held"))
    world.redis.set(keys.IN_PROGRESS + "held", "1", px=1_000)
    held = world.worker().take("j")
    world.tick()
    assert world.cancel(("held", 1)) == ["asked"]
    assert world.finish(End(held)) == ["ok"]
    assert world.enqueue(Spec("j", run=2)) == ["queued"]


def test_a_result_of_another_type_tells_nothing(world: World) -> None:
    """A look goes on to the next job."""
    world.enqueue(Spec("j"), Spec("next"))
    world.redis.delete(keys.PAYLOAD + "j")
    world.redis.rpush(keys.RESULT + "j", "x")
    world.redis.rpush(keys.RESULT + "gone", "x")
    assert world.look_for(("j", 1), ("gone", 1), ("next", 1)) == ["bare", "ended", "live"]
