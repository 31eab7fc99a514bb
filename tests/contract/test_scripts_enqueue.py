"""What the enqueue script does to Redis, and that it does so once for each run."""

import pytest

from jobs import keys
from jobs.scoring import QUARANTINE
from tests.support.protocol import LEASE_MS, START_MS, STEP_MS, World
from tests.support.protocol_view import Place
from tests.support.protocol_words import End, Spec


def ended(world: World, *, keep: int) -> End:
    """Run a job to its end; give that end."""
    world.enqueue(Spec("j"))
    end = End(world.worker().take("j"), keep=keep)
    assert world.finish(end) == ["ok"]
    return end


def test_a_due_job_is_in_line(world: World) -> None:
    """It has a payload, a hash and one entry, its owner has it in line, workers are woken, and it is told."""
    assert world.enqueue(Spec("j", payload="{1}", priority=7, timeout=2_500.0, typical=1_000.0, max_tries=4)) == [
        "queued"
    ]
    view = world.look()
    score = START_MS - 7 * STEP_MS - 4_000_000_000_000
    assert view.places == {"j": [Place("q", score)]}
    assert view.payloads == {"j": "{1}"}
    assert view.jobs["j"] == {
        "run": "1",
        "st": "queued",
        "q": "q",
        "o": "ann",
        "t": "t",
        "since": str(START_MS),
        "s": str(score),
        "d": f"7:{START_MS}:0:4:2500.0:1000.0",
        "m": str(START_MS),
    }
    assert view.lines == {"q:ann": {"j": 7}}
    assert view.content(keys.wake("q"), None) == ["1"]
    assert view.counters == {"enqueued|q|t": 1}
    [event] = view.events
    assert int(event.pop("v")) == int(view.content(keys.FENCE, 0))
    told = {"id": "j", "run": "1", "state": "queued", "owner": "ann", "q": "q", "task": "t", "at": str(START_MS)}
    assert event == told


def test_a_job_that_is_not_due_waits_for_its_time(world: World) -> None:
    """Its entry stands at the ms at which it comes due, and it is not in its owner's line yet."""
    assert world.enqueue(Spec("j", due=START_MS + 1)) == ["scheduled"]
    view = world.look()
    assert view.places == {"j": [Place("q", START_MS + 1)]}
    assert (view.jobs["j"]["st"], view.jobs["j"]["since"]) == ("scheduled", str(START_MS + 1))
    assert not view.lines
    assert view.content(keys.wake("q"), None) == ["1"]
    assert [event["state"] for event in view.events] == ["scheduled"]


def test_a_job_that_is_due_now_is_not_scheduled(world: World) -> None:
    """Due times up to the present are the present."""
    assert world.enqueue(Spec("now", due=START_MS), Spec("past", due=START_MS - 1)) == ["queued", "queued"]


def test_many_travel_in_one_call(world: World) -> None:
    """Two hundred jobs are queued with one token and one entry of the stream."""
    jobs = [Spec(f"j{index}") for index in range(200)]
    assert world.enqueue(*jobs) == ["queued"] * 200
    view = world.look()
    assert len(view.payloads) == len(view.jobs) == len(view.queues["q"]) == len(view.events) == 200
    assert world.redis.xlen(keys.EVENTS) == world.redis.llen(keys.wake("q")) == 1


def test_none_is_no_mistake(world: World) -> None:
    """A call without jobs changes nothing."""
    assert world.enqueue() == []
    assert not world.look().keys


@pytest.mark.parametrize("due", [0, START_MS + 60_000])
def test_a_repetition_changes_nothing(world: World, due: int) -> None:
    """The answer is known, and all keys stay as they are, also where the repetition says something else."""
    world.enqueue(Spec("j", due=due))
    world.redis.delete(keys.wake("q"))
    before = world.look()
    world.sleep(5)
    assert world.enqueue(Spec("j", due=due), Spec("j", priority=1, queue="other", payload="{2}")) == ["known"] * 2
    assert world.look().contents == before.contents


def test_a_job_that_comes_twice_in_one_call_is_queued_once(world: World) -> None:
    """The second is known."""
    assert world.enqueue(Spec("j"), Spec("k"), Spec("j")) == ["queued", "queued", "known"]
    assert world.look().lines == {"q:ann": {"j": 5, "k": 5}}


def test_a_running_job_is_known(world: World) -> None:
    """A repetition neither stops it nor starts another."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    assert world.enqueue(Spec("j")) == ["known"]
    assert world.renew("w1", held) == ["ok"]


@pytest.mark.parametrize("keep", [3_600_000, 120_000, 119_999, 60_001, 0])
def test_an_ended_job_does_not_start_again(world: World, keep: int) -> None:
    """Its result proves its end, or a mark where that is not kept for two minutes."""
    ended(world, keep=keep)
    view = world.look()
    assert ("j" in view.results, "j" in view.marks) == (keep > 0, keep < 120_000)
    world.sleep(60_000)
    assert world.enqueue(Spec("j"), issued=START_MS + 1) == ["ended"]
    assert world.enqueue(Spec("j")) == ["ended"]
    assert not world.look().jobs


@pytest.mark.parametrize("keep", [3_600_000, 0])
def test_who_looked_over_a_minute_ago_has_to_look_again(world: World, keep: int) -> None:
    """Whether the job is there, has ended, or is not known at all."""
    ended(world, keep=keep)
    world.enqueue(Spec("there"))
    world.sleep(60_001)
    before = world.look()
    jobs = [Spec("j"), Spec("there"), Spec("new")]
    assert world.enqueue(*jobs, issued=START_MS) == ["old"] * 3
    assert world.look().contents == before.contents
    world.sleep(120_000)
    assert world.enqueue(Spec("j"), issued=START_MS) == ["old"]
    assert world.enqueue(Spec("new"), issued=world.now) == ["queued"]


@pytest.mark.parametrize("keep", [3_600_000, 0])
def test_another_run_replaces_an_ended_one(world: World, keep: int) -> None:
    """What proves the old end is taken away; the new run's end is marked."""
    ended(world, keep=keep)
    world.redis.zadd(keys.ABORT, {"j": 1})
    assert world.enqueue(Spec("j", run=2)) == ["queued"]
    view = world.look()
    assert not view.results
    assert not view.marks
    assert keys.ABORT not in view.keys
    assert world.enqueue(Spec("j")) == ["known"]
    held = world.worker().take("j")
    assert (held.run, held.tries, held.lost) == (2, 1, 0)
    world.finish(End(held))
    assert world.look().marks == {"j": f"2:{held.fence}:succeeded"}
    assert world.enqueue(Spec("j"), Spec("j", run=2)) == ["ended", "ended"]
    assert world.enqueue(Spec("j", run=3)) == ["queued"]


@pytest.mark.parametrize("state", ["queued", "scheduled", "parked", "running", "retrying", "quarantined"])
def test_another_run_replaces_what_an_older_one_has_left(world: World, state: str) -> None:
    """Whatever state that was in, and in whichever queue: nothing of it stays, and its holder may not act."""
    world.limit("ann", 0 if state == "parked" else None)
    world.enqueue(Spec("j", due=START_MS + 9_000 if state == "scheduled" else 0))
    if state == "quarantined":
        world.redis.delete(keys.PAYLOAD + "j")
    held = world.worker().claim(0 if state == "queued" else 1).jobs
    if state == "retrying":
        world.retry(held[0], delay=9_000)
    elif state == "quarantined":
        assert world.score_of("j") == QUARANTINE
    assert world.enqueue(Spec("j", run=2, queue="other", owner="bob")) == ["queued"]
    view = world.look()
    assert [place.queue for place in view.places["j"]] == ["other"]
    assert view.lines == {"other:bob": {"j": 5}}
    assert not view.running
    assert not view.holders
    assert not view.parked
    assert not view.parked_owners
    if held:
        assert world.renew("w1", *held) == world.finish(End(held[0])) == world.hand_back(*held) == ["ended"]
        assert world.retry(held[0]) == "ended"
    assert world.worker("w2").claim(queue="other").jobs[0].run == 2


def test_the_place_of_a_replaced_run_goes_to_the_parked(world: World) -> None:
    """What was running counts no more."""
    world.limit("ann", 1)
    world.enqueue(Spec("j"), Spec("next"))
    assert world.worker().claim(2).ids == ["j"]
    world.enqueue(Spec("j", run=2, due=START_MS + 9_000))
    assert world.worker().claim().ids == ["next"]


def test_the_line_of_a_replaced_run_counts_no_more(world: World) -> None:
    """A batch that replaces a run ranks those behind it as if the old run had never been."""
    world.enqueue(Spec("j"))
    world.enqueue(Spec("a"), Spec("j", run=2, queue="other"), Spec("b"))
    first, second = world.score_of("a"), world.score_of("b")
    assert first is not None
    assert second == first


def test_a_stock_workers_hold_survives_a_new_run(world: World) -> None:
    """Who runs the old one is not robbed of his key: until he lets go, nobody else starts."""
    world.enqueue(Spec("j"))
    world.redis.set(keys.IN_PROGRESS + "j", "1", px=60_000)
    assert world.enqueue(Spec("j", run=2)) == ["queued"]
    assert world.worker().claim().jobs == []
    world.redis.delete(keys.IN_PROGRESS + "j")
    assert world.worker().take("j").run == 2


def test_time_of_acceptance_is_never_later_than_now(world: World) -> None:
    """An old one counts as it is; one of a clock that runs ahead does not."""
    world.enqueue(Spec("old", at=START_MS - 5_000), Spec("ahead", at=START_MS + 5_000, owner="bob"))
    ahead, old = world.score_of("ahead"), world.score_of("old")
    assert old is not None
    assert ahead == old + 5_000
    assert world.hash_of("old")["since"] == str(START_MS - 5_000)
    assert world.hash_of("ahead")["since"] == str(START_MS)


def test_a_hash_of_another_type_gives_way(world: World) -> None:
    """A key that cannot be read keeps neither the job nor its neighbours out of line."""
    world.redis.set(keys.JOB + "bad", "what is this?")
    world.redis.rpush(keys.PAYLOAD + "list", "nor this?")
    assert world.enqueue(Spec("bad"), Spec("list"), Spec("good")) == ["queued"] * 3
    assert sorted(world.worker().claim(3).ids) == ["bad", "good", "list"]


def test_a_lease_lost_long_ago_hinders_no_new_run(world: World) -> None:
    """Nor does the old worker end the new run."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    world.sleep_alive(LEASE_MS + 1)
    world.worker("w2").claim(0)
    world.enqueue(Spec("j", run=2))
    assert world.finish(End(held, fresh=True)) == ["ended"]
    assert world.worker("w2").take("j").run == 2
