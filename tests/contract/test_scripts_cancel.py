"""The scripts, call by call: runs are cancelled once and for all, wherever they are."""

import json
from typing import Any

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_rules import check_empty
from tests.support.protocol_words import End, Held, Spec

ENDED = {"succeeded", "failed", "cancelled", "expired"}


def ends(world: World) -> dict[str, str]:
    """Give the state of each job that has ended since the last look."""
    return {event["id"]: event["state"] for event in world.look().events if event["state"] in ENDED}


def run_one(world: World, job_id: str = "j", **more: int) -> Held:
    """Put a job in line and let a worker take it."""
    world.enqueue(Spec(job_id, **more))  # type: ignore[arg-type]
    return world.worker().take(job_id)


def test_what_waits_ends_at_once(world: World) -> None:
    """Ready, scheduled or parked: it never starts, and leaves nothing but the proof of its end."""
    world.limit("ann", 1)
    world.enqueue(Spec("running"), Spec("parked"))
    held, *others = world.worker().claim(2).jobs
    assert others == []
    world.enqueue(Spec("ready", owner="bob"), Spec("later", due=world.now + 5_000))
    cancelled = ("parked", "later", "ready")
    assert world.cancel(*[(job_id, 1) for job_id in cancelled]) == ["cancelled"] * 3
    assert ends(world) == dict.fromkeys(cancelled, "cancelled")
    view = world.look()
    assert view.jobs.keys() == {"running"}
    assert view.parked == {}
    assert view.parked_owners == set()
    assert world.enqueue(Spec("parked")) == ["ended"]
    assert world.cancel(("parked", 1)) == ["ended"]
    assert world.finish(End(held)) == ["ok"]


def test_its_result_is_one_that_stock_clients_read(world: World) -> None:
    """It says that the job was cancelled, in arq's format."""
    world.enqueue(Spec("j"))
    world.cancel(("j", 1))
    record = json.loads(world.look().results["j"])
    assert record["r"] == {"__error__": "CancelledError", "message": "cancelled"}
    assert record["s"] is False
    assert (record["f"], record["a"], record["k"], record["t"]) == ("t", [], {}, 0)
    assert record["et"] == record["st"] == record["ft"] == world.now
    assert record["q"] == keys.queue("q")


def test_what_runs_is_asked_and_its_worker_told(world: World) -> None:
    """By a message at once, and by each renewal until it has stopped."""
    held = run_one(world)
    listen: Any = world.redis.pubsub  # without annotations
    with listen(ignore_subscribe_messages=True) as channel:
        channel.subscribe(keys.CANCEL_CHANNEL)
        channel.get_message(timeout=5)
        assert world.cancel(("j", 1)) == ["asked"]
        assert (channel.get_message(timeout=5) or {})["data"] == "j"
    assert world.renew("w1", held) == ["cancel"]
    assert world.renew("w1", held) == ["cancel"]
    assert world.cancel(("j", 1)) == ["asked"]
    assert world.finish(End(held, kind="cancelled")) == ["ok"]
    assert ends(world) == {"j": "cancelled"}


@pytest.mark.parametrize(
    ("kind", "state"), [("succeeded", "succeeded"), ("failed", "cancelled"), ("cancelled", "cancelled")]
)
def test_only_a_success_comes_first(world: World, kind: str, state: str) -> None:
    """A task that was to be cancelled and raised was cancelled; its time tells nothing of its task."""
    held = run_one(world)
    world.cancel(("j", 1))
    assert world.finish(End(held, kind=kind, error='{"type":"E"}' if kind == "failed" else "")) == ["ok"]
    (event,) = (event for event in world.look().events if event["state"] in ENDED)
    assert event["state"] == state
    assert "error" not in event
    assert (keys.MEANS in world.look().keys) is (state == "succeeded")


def test_what_was_asked_never_starts_again(world: World) -> None:
    """Its retry, its hand-back, and the loss of its lease end it."""
    for job_id in ("retried", "back", "lost"):
        held = run_one(world, job_id)
        world.cancel((job_id, 1))
        if job_id == "retried":
            assert world.retry(held) == "ended"
            assert world.retry(held) == "ended"
        elif job_id == "back":
            assert world.hand_back(held) == ["ok"]
        else:
            world.sleep_alive(LEASE_MS + 1)
            assert world.worker("w2").claim(3).jobs == []
        assert ends(world) == {job_id: "cancelled"}
        assert world.finish(End(held)) == ["ended"]
    world.sleep(4 * 3_600_000)
    check_empty(world.look())


def test_a_repeated_reply_does_not_start_it(world: World) -> None:
    """The worker has not heard that it has the job: it never will."""
    world.enqueue(Spec("j"), Spec("k", priority=1))
    worker = world.worker()
    assert worker.claim(2, request="7-0").ids == ["j", "k"]
    world.cancel(("j", 1))
    assert worker.claim(2, request="7-0").ids == ["k"]
    assert ends(world) == {"j": "cancelled"}
    assert world.look().running_count("ann") == 1


def test_what_waits_for_another_try_is_stopped(world: World) -> None:
    """It has started before, and the answer says so."""
    assert world.retry(run_one(world), delay=5_000) == "ok"
    assert world.cancel(("j", 1)) == ["stopped"]
    assert ends(world) == {"j": "cancelled"}


def test_what_is_on_its_way_comes_too_late(world: World) -> None:
    """Redis does not know it yet: the mark refuses it, and this run alone."""
    assert world.cancel(("j", 1)) == ["cancelled"]
    assert ends(world) == {"j": "cancelled"}
    assert world.enqueue(Spec("j")) == ["ended"]
    assert world.enqueue(Spec("j", run=2)) == ["queued"]
    assert world.cancel(("j", 1)) == ["ended"]
    assert world.worker().take("j").run == 2


@pytest.mark.parametrize("state", ["queued", "scheduled", "parked", "running", "retrying"])
def test_an_earlier_run_goes_with_it(world: World, state: str) -> None:
    """Redis went back in time to before it: neither starts, who ran it is told, and others get its place."""
    world.limit("ann", 1)
    spec = Spec("j", due=world.now + 9_000 if state == "scheduled" else 0, expires=world.now + 99_000, unique="t:ann:n")
    other = run_one(world, "k", priority=9) if state == "parked" else None
    world.enqueue(spec)
    held = world.worker().take("j") if state in {"running", "retrying"} else None
    if state == "parked":
        assert world.worker().claim().jobs == []
    elif held is not None and state == "retrying":
        assert world.retry(held, delay=5_000) == "ok"
    world.enqueue(Spec("behind"))
    assert world.cancel(("j", 2), ("j", 2)) == ["cancelled", "ended"]
    assert ends(world) == {"j": "cancelled"}
    assert world.look().jobs.keys() == {"behind"} | ({"k"} if other else set())
    if held is not None:
        assert world.renew("w1", held) == ["ended"]
        assert world.finish(End(held)) == ["ended"]
    assert [world.enqueue(again) for again in (spec, spec._replace(run=2))] == [["ended"], ["ended"]]
    assert world.enqueue(Spec("l", unique="t:ann:n", owner="bob")) == ["queued"]
    if other is not None:
        assert world.finish(End(other)) == ["ok"]
    left = world.worker().claim(2)
    assert sorted(left.ids) == ["behind", "l"]
    assert world.finish(*(End(job) for job in left.jobs)) == ["ok", "ok"]
    world.sleep(4 * 3_600_000)
    check_empty(world.look())


def test_who_waits_behind_it_is_freed(world: World) -> None:
    """A cancelled run leaves its place under the limit at its end, not before."""
    world.limit("ann", 1)
    world.enqueue(Spec("j"), Spec("k"))
    worker = world.worker()
    (held,) = worker.claim(2).jobs
    world.cancel(("j", 1))
    assert worker.claim(1).jobs == []
    world.finish(End(held, kind="cancelled"))
    assert worker.claim(1).ids == ["k"]


def test_a_broken_hash_can_be_cancelled(world: World) -> None:
    """What cannot be read cannot run either; nothing of it stays."""
    world.enqueue(Spec("j"))
    world.redis.delete(keys.job("j"))
    world.redis.set(keys.job("j"), "x")
    assert world.cancel(("j", 1)) == ["cancelled"]
    assert world.worker().claim().jobs == []
    assert world.score_of("j") is None


class TestStock:
    """What stock clients want aborted, by `arq:abort`."""

    def abort(self, world: World, job_id: str, *, moved: bool = False) -> None:
        """Do as stock `Job.abort()` does, which first moves what is not due."""
        if moved:
            world.redis.zadd(keys.queue("q"), {job_id: 1}, xx=True)
        world.redis.zadd(keys.ABORT, {job_id: world.now})

    @pytest.mark.parametrize("script", ["tick", "claim"])
    def test_ours_end_wherever_they_are(self, world: World, script: str) -> None:
        """Ready, scheduled and parked at once; the running one is asked."""
        world.limit("ann", 1)
        world.enqueue(Spec("running"), Spec("parked"), Spec("later", due=world.now + 9_000), Spec("ready", owner="bob"))
        held = next(job for job in world.worker().claim(3).jobs if job.id == "running")
        world.enqueue(Spec("ready2", owner="bob", priority=1))
        for job_id in ("running", "parked", "ready2"):
            self.abort(world, job_id)
        self.abort(world, "later", moved=True)
        if script == "tick":
            world.tick()
        else:
            assert world.worker("w2").claim(1).jobs == []
        assert ends(world) == dict.fromkeys(("parked", "ready2", "later"), "cancelled")
        assert world.renew("w1", held) == ["cancel"]
        assert keys.ABORT not in world.look().keys

    def test_a_raw_entry_is_taken_over_and_ended(self, world: World) -> None:
        """A tick wakes a worker for it, whose claim ends it."""
        world.redis.set(keys.PAYLOAD + "raw", "{}")
        world.redis.zadd(keys.queue("q"), {"raw": world.now + 5_000})
        self.abort(world, "raw", moved=True)
        world.tick()
        assert world.redis.llen(keys.wake("q")) == 1
        assert world.worker().claim().jobs == []
        assert ends(world) == {"raw": "cancelled"}
        assert json.loads(world.look().results["raw"])["r"]["__error__"] == "CancelledError"
        assert world.look().places == {}

    def test_a_stock_workers_job_is_left_to_it(self, world: World) -> None:
        """It heeds `arq:abort` itself; our cancel tells it by that."""
        world.enqueue(Spec("j"))
        world.redis.set(keys.IN_PROGRESS + "j", "1", px=310_000)
        assert world.cancel(("j", 1)) == ["asked"]
        world.tick()
        assert world.redis.zscore(keys.ABORT, "j") == world.now

    def test_what_waits_for_others_hides_none(self, world: World) -> None:
        """Entries of a queue that has no worker of ours, more of them than are looked at within a second."""
        raw = [f"raw{number}" for number in range(450)]
        world.redis.mset({keys.PAYLOAD + job_id: "{}" for job_id in raw})
        world.redis.zadd(keys.queue("other"), dict.fromkeys(raw, world.now + 9_000))
        for job_id in raw:
            self.abort(world, job_id)
        world.sleep(1)
        world.enqueue(Spec("j"))
        self.abort(world, "j")
        for _ in range(3):
            world.sleep(1_000)
            world.tick()
        assert ends(world) == {"j": "cancelled"}

    def test_what_has_ended_is_forgotten(self, world: World) -> None:
        """After a minute, and its result stays what it was."""
        held = run_one(world)
        world.finish(End(held))
        result = world.look().results["j"]
        self.abort(world, "j", moved=True)
        world.redis.zadd(keys.queue("q"), {"j": 1})
        assert world.worker().claim().jobs == []
        assert world.score_of("j") is None
        world.sleep(61_000)
        world.tick()
        assert keys.ABORT not in world.look().keys
        assert world.look().results["j"] == result
