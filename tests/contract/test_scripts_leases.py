"""Who may act on a run: the highest fence. What renewing, ending, retrying and handing back do, once each."""

import pytest

from jobs import keys
from tests.support.protocol import GAP_MS, LEASE_MS, START_MS, World
from tests.support.protocol_view import Place
from tests.support.protocol_words import KEEP_MS, End, Held, Spec


@pytest.fixture
def held(world: World) -> Held:
    """Give a job that runs on the worker w1."""
    world.enqueue(Spec("j"))
    return world.worker().take("j")


def lose(world: World) -> None:
    """Let all leases run out, and put back in line who had them."""
    world.sleep_alive(LEASE_MS + 1)
    world.worker("steward").claim(0)


def says(world: World, held: Held) -> set[str]:
    """Tell all that can be told of a run; give the answers. Where they are refusals, nothing has changed."""
    before = world.look()
    told = {*world.renew("w1", held), *world.finish(End(held)), world.retry(held), *world.hand_back(held)}
    ignored = {keys.ALIVE, keys.WAKE + held.queue}
    after = world.look()
    assert {**before.contents, **dict.fromkeys(ignored)} == {**after.contents, **dict.fromkeys(ignored)}
    return told


def test_a_renewal_moves_the_end_of_the_lease(world: World, held: Held) -> None:
    """Of its entry, of its place among the running, and of arq's key; nothing is told or counted."""
    before = world.look()
    world.sleep(5_000)
    assert world.renew("w1", held) == ["ok"]
    view, end = world.look(), START_MS + 5_000 + LEASE_MS
    assert view.places == {"j": [Place("q", end)]}
    assert view.running == {"ann": {"j": end}}
    assert LEASE_MS in world.given_ms(keys.IN_PROGRESS + "j")
    assert (view.jobs, view.counters, view.events) == (before.jobs, before.counters, [])


def test_many_are_renewed_at_once(world: World) -> None:
    """Five hundred; each gets its answer."""
    for part in range(3):
        world.enqueue(*(Spec(f"j{part}.{index}") for index in range(167)))
    jobs = [job for _ in range(3) for job in world.worker().claim(200).jobs]
    gone = jobs[0]._replace(id="nobody")
    assert world.renew("w1", gone, *jobs[:499]) == ["unknown"] + ["ok"] * 499


def test_an_end_removes_all_of_a_job(world: World, held: Held) -> None:
    """What is left is its result, the event, and what is counted."""
    world.redis.set(keys.RETRY + "j", "not a number")
    world.sleep(700)
    assert world.finish(End(held, ms=600, result='{"r":1', error='{"e":1}', value="[2]")) == ["ok"]
    view = world.look()
    own = [name for name in view.keys if not name.startswith((keys.WAKE, keys.CLAIM, keys.PACE, keys.GRACE))]
    assert sorted(own) == sorted(
        [keys.RESULT + "j", keys.ALIVE, keys.COUNTERS, keys.EVENTS, keys.FENCE, keys.MEANS],
    )
    assert view.results == {"j": '{"r":1,"ft":' + str(START_MS + 700) + "}"}
    assert KEEP_MS in world.given_ms(keys.RESULT + "j")
    event = view.events[-1]
    assert int(event.pop("v")) > held.fence
    assert event == {
        "id": "j",
        "run": "1",
        "state": "succeeded",
        "at": str(START_MS + 700),
        "try": "1",
        "fence": str(held.fence),
        "error": '{"e":1}',
        "result": "[2]",
    }
    expected = {"ended|q|t|succeeded": 1, "run_ms|q|t|7": 1, "run_ms_sum|q|t": 600}
    assert expected.items() <= view.counters.items()


@pytest.mark.parametrize("kind", ["succeeded", "failed", "cancelled"])
def test_an_end_leaves_a_mark_where_no_result_proves_it(world: World, held: Held, kind: str) -> None:
    """For two minutes."""
    world.finish(End(held, kind, keep=0))
    view = world.look()
    assert not view.results
    assert view.marks == {"j": f"1:{held.fence}:{kind}"}
    assert 120_000 in world.given_ms(keys.DONE + "j")


def test_whoever_waits_hears_of_ends(world: World, held: Held) -> None:
    """All ids of a call in one message."""
    world.enqueue(Spec("k"))
    other = world.worker().take("k")
    with world.redis.pubsub(ignore_subscribe_messages=True) as listener:  # type: ignore[no-untyped-call]
        listener.subscribe(keys.ENDED_CHANNEL)
        listener.get_message(timeout=5)
        world.finish(End(held), End(other))
        message = listener.get_message(timeout=5)
    assert message is not None
    assert message["data"] == "j k"


def test_an_end_counts_once(world: World, held: Held) -> None:
    """Told again, twice in one call, or as another kind: it has ended."""
    assert world.finish(End(held), End(held, "failed")) == ["ok", "ended"]
    assert world.finish(End(held), End(held, "failed")) == ["ended", "ended"]
    assert says(world, held) == {"ended"}
    view = world.look()
    assert {name: n for name, n in view.counters.items() if name.startswith("ended")} == {"ended|q|t|succeeded": 1}


def test_a_retry_waits_for_its_time(world: World, held: Held) -> None:
    """Out of the running, and out of its owner's way no more than before; its try counts."""
    world.sleep(300)
    assert world.retry(held, delay=1_000, error='{"e":1}', ms=300) == "ok"
    view, due = world.look(), START_MS + 1_300
    assert view.places == {"j": [Place("q", due)]}
    assert (view.running, view.holders) == ({}, {})
    assert view.lines == {"q:ann": {"j": 5}}
    job, event = view.jobs["j"], view.events[-1]
    assert (job["st"], job["try"], job["since"]) == ("retrying", "1", str(due))
    assert int(job["f"]) > held.fence
    assert event == {
        "id": "j",
        "run": "1",
        "v": job["f"],
        "state": "retrying",
        "at": str(world.now),
        "try": "1",
        "error": '{"e":1}',
        "over": "retrying",
        "fence": str(held.fence),
        "worker": "w1",
        "began": str(START_MS),
    }
    assert view.content(keys.RETRY + "j", None) == "1"
    expected = {"retried|q|t": 1, "run_ms|q|t|6": 1, "run_ms_sum|q|t": 300}
    assert expected.items() <= view.counters.items()
    world.sleep(1_000)
    assert world.worker().take("j").tries == 2


def test_a_retry_counts_once(world: World, held: Held) -> None:
    """A repetition is too late, and so is all else that its worker says."""
    world.retry(held, delay=1_000)
    assert says(world, held) == {"taken"}
    world.sleep(1_000)
    again = world.worker().take("j")
    assert says(world, held) == {"taken"}
    assert world.finish(End(again)) == ["ok"]
    assert says(world, held) == {"ended"}


def test_a_job_that_is_handed_back_is_ready_as_before(world: World, held: Held) -> None:
    """At its score, its try given back, and somebody is woken."""
    score = float(world.hash_of("j")["s"])
    world.redis.delete(keys.wake("q"))
    assert world.hand_back(held) == ["ok"]
    view = world.look()
    assert view.places == {"j": [Place("q", score)]}
    assert (view.running, view.holders) == ({}, {})
    job = view.jobs["j"]
    assert (job["st"], job["try"], job["lost"]) == ("queued", "0", "0")
    assert [event["state"] for event in view.events] == ["queued", "running", "queued"]
    assert view.content(keys.wake("q"), None) == ["1"]
    assert view.counters["handed_back|q|t"] == 1
    assert world.worker("w2").take("j").tries == 1


def test_a_hand_back_counts_once(world: World, held: Held) -> None:
    """A repetition, and all else that its worker says, is too late, whoever has the job by then."""
    world.hand_back(held)
    assert says(world, held) == {"taken"}
    world.worker("w2").take("j")
    assert says(world, held) == {"taken"}


def test_a_lower_fence_is_refused(world: World, held: Held) -> None:
    """Also on the worker that has taken its own lost job again."""
    lose(world)
    again = world.worker().take("j")
    assert again.fence > held.fence
    assert says(world, held) == {"taken"}
    assert world.renew("w1", held, again) == ["taken", "ok"]
    assert world.finish(End(held), End(again)) == ["taken", "ok"]


def test_a_run_whose_lease_was_lost_goes_on_where_nobody_has_taken_it(world: World, held: Held) -> None:
    """A renewal takes it up again: its loss is forgotten, its try counts, and its fence is the old one."""
    lose(world)
    assert world.hash_of("j")["lost"] == "1"
    assert world.renew("w1", held) == ["ok"]
    view = world.look()
    assert view.places == {"j": [Place("q", world.now + LEASE_MS)]}
    assert view.running == {"ann": {"j": world.now + LEASE_MS}}
    assert view.holders == {"j": f"s:w1:{held.fence}"}
    job = view.jobs["j"]
    assert (job["st"], job["f"], job["try"], job["lost"]) == ("running", str(held.fence), "1", "0")
    event = view.events[-1]
    assert (event["state"], event["fence"], event["try"]) == ("running", str(held.fence), "1")
    assert int(event["v"]) > held.fence
    assert [view.counters[f"{name}|q|t"] for name in ("started", "lost", "recovered")] == [1, 1, 1]
    assert world.worker("w2").claim().jobs == []
    assert world.finish(End(held)) == ["ok"]


def test_an_end_counts_where_nobody_has_taken_the_job(world: World, held: Held) -> None:
    """Its lease had run out: good work is not thrown away."""
    lose(world)
    assert world.finish(End(held)) == ["ok"]
    view = world.look()
    assert not view.queues
    assert not view.jobs
    assert view.counters["ended|q|t|succeeded"] == 1


def test_a_lease_that_ran_out_unnoticed_is_whole_again_with_a_renewal(world: World, held: Held) -> None:
    """Nothing was lost then."""
    world.sleep_alive(LEASE_MS + 1_000)
    assert world.renew("w1", held) == ["ok"]
    assert world.worker("w2").claim().jobs == []
    assert world.hash_of("j").get("lost") is None


def test_a_late_retry_counts_as_the_try_that_it_was(world: World, held: Held) -> None:
    """Nobody has taken the job since its lease ran out: no try is given away, no loss is held against it."""
    lose(world)
    assert world.retry(held) == "ok"
    job = world.hash_of("j")
    assert (job["try"], job["lost"]) == ("1", "0")
    assert world.worker("w2").take("j").tries == 2


def test_a_late_hand_back_leaves_the_job_where_it_is(world: World, held: Held) -> None:
    """It is in line already, and has had its loss."""
    lose(world)
    before = world.look()
    assert world.hand_back(held) == ["ok"]
    assert world.look().contents == before.contents


def test_a_stock_workers_hold_is_respected(world: World, held: Held) -> None:
    """While `arq:in-progress` has a value that is none of ours, nobody here may act, and the key stays."""
    world.sleep_alive(LEASE_MS + 1)
    world.redis.set(keys.IN_PROGRESS + "j", "1", px=60_000)
    assert says(world, held) == {"taken"}
    assert world.worker().claim().jobs == []
    assert world.look().holders == {"j": "1"}
    world.redis.delete(keys.IN_PROGRESS + "j")
    assert world.finish(End(held)) == ["ok"]


def test_a_run_that_redis_has_lost_goes_on(world: World, held: Held) -> None:
    """It is unknown; back in line, it is taken up again by the next renewal, with the fence that it has."""
    world.reset()
    assert says(world, held) == {"unknown"}
    world.sleep(1_000)
    world.enqueue(Spec("j"))
    assert world.renew("w1", held) == ["ok"]
    assert (world.hash_of("j")["f"], world.hash_of("j")["try"]) == (str(held.fence), "1")
    assert world.worker("w2").claim().jobs == []
    assert world.finish(End(held)) == ["ok"]


def test_the_end_of_a_run_that_redis_has_lost_counts(world: World, held: Held) -> None:
    """If it was known a minute ago, and nobody else can have it."""
    world.reset()
    assert world.finish(End(held)) == ["unknown"]
    assert world.finish(End(held, keep=0, fresh=True)) == ["ok"]
    assert world.enqueue(Spec("j")) == ["ended"]
    assert world.finish(End(held, keep=0, fresh=True)) == ["ended"]


def test_an_older_run_ends_no_newer_one(world: World, held: Held) -> None:
    """Nor does a newer one that Redis has forgotten end an older."""
    world.enqueue(Spec("j", run=2))
    assert says(world, held) == {"ended"}
    newer = held._replace(run=3)
    assert says(world, newer) == {"unknown"}
    assert world.finish(End(newer, fresh=True)) == ["unknown"]


def test_a_lease_that_another_took_and_lost_is_not_the_firsts(world: World, held: Held) -> None:
    """The highest fence wins, whoever is slow."""
    lose(world)
    second = world.worker("w2").take("j")
    lose(world)
    assert says(world, held) == {"taken"}
    assert world.renew("w2", second) == ["ok"]


def test_renewing_nothing_tells_that_a_worker_is_alive(world: World, held: Held) -> None:
    """So no silence is taken for an outage."""
    world.sleep(GAP_MS)
    assert world.renew("idle") == []
    world.sleep(LEASE_MS - GAP_MS)
    assert world.worker("w2").claim().ids == [held.id]
