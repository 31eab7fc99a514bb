"""What the claim script gives out, and that a repetition gives the same."""

import pytest

from jobs import keys
from tests.support.protocol import GAP_MS, LEASE_MS, START_MS, STEP_MS, World
from tests.support.protocol_view import Place
from tests.support.protocol_words import Claim, End, Spec


def test_a_job_that_is_given_out_is_leased(world: World) -> None:
    """It carries what the worker must know, under a fence of its own, and its entry stands at the end of the lease."""
    world.enqueue(Spec("j", payload="{1}", priority=7, due=START_MS - 5, task="t", max_tries=4))
    world.sleep(250)
    [held] = world.worker("w9").claim(3).jobs
    assert held[:2] + held[3:7] == ("j", 1, 1, 0, "ann", "t")
    assert (held.rest, held.payload) == (f"7:{START_MS}:{START_MS - 5}:4:300000.0:30000.0", "{1}")
    view, end = world.look(), START_MS + 250 + LEASE_MS
    assert view.places == {"j": [Place("q", end)]}
    assert view.running == {"ann": {"j": end}}
    assert view.lines == {"q:ann": {"j": 7}}
    assert view.holders == {"j": f"s:w9:{held.fence}"}
    assert LEASE_MS in world.given_ms(keys.IN_PROGRESS + "j")
    job = view.jobs["j"]
    assert (job["st"], job["f"], job["w"], job["try"]) == ("running", str(held.fence), "w9", "1")
    assert view.events[-1] == {
        "id": "j",
        "run": "1",
        "v": str(held.fence),
        "state": "running",
        "try": "1",
        "worker": "w9",
        "at": str(START_MS + 250),
    }
    assert view.counters == {"enqueued|q|t": 1, "started|q|t": 1, "wait_ms|q|t|5": 1, "wait_ms_sum|q|t": 250}


def test_the_lowest_scores_come_first(world: World) -> None:
    """As many as there are slots."""
    world.enqueue(Spec("low", priority=1), Spec("high", priority=10), Spec("middle"), Spec("later", priority=10))
    claim = world.worker().claim(3)
    assert (claim.ids, claim.more_ready, claim.more_due) == (["high", "later", "middle"], True, False)
    claim = world.worker().claim(3)
    assert (claim.ids, claim.more_ready) == (["low"], False)
    assert world.worker().claim(3) == Claim(START_MS, [], [], more_ready=False, more_due=False, next_due=claim.next_due)
    assert claim.next_due == START_MS + LEASE_MS


def test_jobs_of_other_queues_are_not_seen(world: World) -> None:
    """Each queue is claimed by itself."""
    world.enqueue(Spec("j", queue="other"))
    assert world.worker().claim(5).next_due == -1
    assert world.worker().take("j", queue="other").queue == "other"


def test_all_of_many_are_given_out_once(world: World) -> None:
    """More than fit into one page."""
    world.enqueue(*(Spec(f"j{index}") for index in range(170)))
    first, second = world.worker().claim(120), world.worker("w2").claim(120)
    assert (len(first.ids), first.more_ready) == (120, True)
    assert (len(second.ids), second.more_ready) == (50, False)
    assert len({*first.ids, *second.ids}) == 170


def test_a_repeated_request_gives_the_same_jobs(world: World) -> None:
    """And takes no second set: neither a try nor a slot is lost with an answer."""
    world.enqueue(*(Spec(f"j{index}") for index in range(5)))
    worker = world.worker()
    first = worker.claim(2, request="7-0")
    before = world.look()
    again = worker.claim(2, request="7-0")
    assert (again.jobs, again.more_ready) == (first.jobs, True)
    assert world.look().contents == before.contents
    assert worker.claim(5, request="8-0").ids == ["j2", "j3", "j4"]


def test_a_repeated_request_gives_what_is_still_held_with_that_fence(world: World) -> None:
    """What has ended since, went back, was lost, or is another worker's, it does not give."""
    world.enqueue(*(Spec(f"j{index}") for index in range(6)))
    worker = world.worker()
    jobs = worker.claim(6, request="7-0").jobs
    world.finish(End(jobs[0]))
    world.hand_back(jobs[1])
    world.retry(jobs[2])
    world.redis.delete(keys.PAYLOAD + "j3")
    world.sleep_alive(LEASE_MS + 1, jobs[5])
    assert "j4" in world.worker("w2").claim(6).ids
    assert worker.claim(6, request="7-0").jobs == [jobs[5]]


def test_what_was_given_and_not_taken_in_is_renewed(world: World) -> None:
    """A worker whose loop is blocked says what it has asked for, and loses none of that; older replies do not count."""
    world.enqueue(Spec("j0"), Spec("j1"))
    worker = world.worker()
    old, new = (worker.claim(1, request=request).jobs[0] for request in ("7-0", "8-0"))
    for _ in range(3):
        world.sleep(LEASE_MS // 2)
        assert world.renew(worker.name, asked=[("q", "8-0"), ("q", "7-0"), ("q", "9-1")]) == []
    assert world.worker("w2").claim(2).ids == [old.id]
    assert world.finish(End(new)) == ["ok"]


def test_each_lane_remembers_its_last_answer(world: World) -> None:
    """Calls of one worker that overlap may all lose their answers."""
    world.enqueue(*(Spec(f"j{index}") for index in range(6)))
    worker = world.worker()
    answers = {request: worker.claim(2, request=request).jobs for request in ("1-0", "2-1", "3-2")}
    for request, jobs in answers.items():
        assert worker.claim(2, request=request).jobs == jobs
    assert worker.claim(2, request="4-1").jobs == []


def test_a_request_of_another_worker_or_queue_is_another(world: World) -> None:
    """Numbers are each worker's own, and each queue's."""
    world.enqueue(Spec("a"), Spec("b"), Spec("c", queue="other"))
    assert world.worker().claim(request="7-0").ids == ["a"]
    assert world.worker("w2").claim(request="7-0").ids == ["b"]
    assert world.worker().claim(request="7-0", queue="other").ids == ["c"]


def test_ends_ride_in_a_claim(world: World) -> None:
    """They are told before jobs are taken, and a repetition tells that they have ended."""
    world.limit("ann", 1)
    world.enqueue(Spec("a"), Spec("b"))
    worker = world.worker()
    end = End(worker.take("a"))
    claim = worker.claim(request="7-0", ends=[end])
    assert (claim.answers, claim.ids) == (["ok"], ["b"])
    again = worker.claim(request="7-0", ends=[end])
    assert (again.answers, again.jobs) == (["ended"], claim.jobs)
    assert world.look().counters["ended|q|t|succeeded"] == 1


def test_what_is_due_is_restored_without_a_free_slot(world: World) -> None:
    """Scheduled jobs, retries and lost leases get in line, and somebody is woken for them."""
    world.enqueue(Spec("lost"), Spec("retried"), Spec("scheduled", due=START_MS + 20_000))
    _, retried = world.worker().claim(2).jobs
    world.retry(retried, delay=20_000)
    world.sleep_alive(20_000)
    world.redis.delete(keys.wake("q"))
    claim = world.worker().claim(0)
    assert (claim.jobs, claim.more_ready, claim.next_due) == ([], True, -1)
    view = world.look()
    assert {job_id: job["st"] for job_id, job in view.jobs.items()} == dict.fromkeys(view.jobs, "queued")
    assert all(score < 0 for score in view.queues["q"].values())
    assert view.content(keys.wake("q"), None) == ["1"]


@pytest.mark.parametrize(("wait", "due"), [(999, False), (1_000, True)])
def test_nothing_comes_due_early(world: World, wait: int, *, due: bool) -> None:
    """To the millisecond."""
    world.enqueue(Spec("j", due=START_MS + 1_000))
    world.sleep(wait)
    claim = world.worker().claim()
    assert claim.ids == (["j"] if due else [])
    assert claim.next_due == START_MS + (1_000 if not due else wait + LEASE_MS)


def test_an_unknown_task_waits_and_blocks_nobody(world: World) -> None:
    """Its jobs stand aside for ten seconds, keep their tries, and go to whoever knows it."""
    world.enqueue(*(Spec(f"x{index}", task="new", priority=10) for index in range(60)), Spec("j"))
    assert world.worker().claim(2).ids == ["j"]
    assert world.score_of("x0") == START_MS + 10_000
    assert world.worker("w2", tasks=["new"]).claim(2).jobs == []
    world.sleep(10_000)
    claim = world.worker("w2", tasks=["t", "new"]).claim(2)
    assert [(job.id, job.tries) for job in claim.jobs] == [("x0", 1), ("x1", 1)]
    assert world.look().counters.get("lost|q|t", 0) == 0


def test_a_task_is_known_by_its_whole_name(world: World) -> None:
    """Neither by a part of another's, nor where its name is a pattern."""
    world.enqueue(Spec("a", task="sync"), Spec("b", task="s.nc"))
    assert world.worker(tasks=["sync.all", "resync"]).claim(5).jobs == []
    assert world.worker(tasks=["sync"]).claim(5).jobs == []


def lose(world: World, times: int = 1) -> list[str]:
    """Let everybody who claims lose what is ready, so often; put it back in line."""
    lost: list[str] = []
    for _ in range(times):
        lost = world.worker("victim").claim(9).ids
        world.sleep_alive(LEASE_MS + 1)
        world.worker("other").claim(0)
    return lost


def test_a_lost_lease_counts_apart_from_the_tries(world: World) -> None:
    """The try that was interrupted is given back."""
    world.enqueue(Spec("j", max_tries=5))
    assert lose(world) == ["j"]
    held = world.worker().take("j")
    assert (held.tries, held.lost) == (1, 1)
    assert world.look().counters["lost|q|t"] == 1


def test_jobs_that_have_lost_one_lease_run_together(world: World) -> None:
    """All that a dead worker held has: that is no suspicion yet."""
    world.enqueue(Spec("a", max_tries=3), Spec("b", max_tries=3), Spec("c"))
    lose(world)
    assert world.worker().claim(9).ids == ["a", "b", "c"]


SUSPECTS = pytest.mark.parametrize(("max_tries", "losses"), [(5, 2), (2, 1)], ids=["lost twice", "last chance"])


@SUSPECTS
def test_suspects_run_one_at_a_time(world: World, max_tries: int, losses: int) -> None:
    """A job that was lost twice, or may be lost once more only: another of its kind waits a second, and others run."""
    world.enqueue(Spec("a", max_tries=max_tries), Spec("b", max_tries=max_tries))
    assert lose(world, losses) == ["a", "b"]
    world.enqueue(Spec("fresh"))
    world.sleep(1_000)
    claim = world.worker().claim(9)
    assert claim.ids == ["a", "fresh"]
    assert claim.jobs[0].is_suspect
    assert world.score_of("b") == world.now + 1_000
    world.sleep(1_000)
    assert world.worker().claim(9, suspects=0).jobs == []
    world.sleep(1_000)
    assert world.worker("w2").claim(9).ids == ["b"]


@SUSPECTS
def test_a_last_chance_is_given_beside_no_other_that_was_lost(world: World, max_tries: int, losses: int) -> None:
    """A worker that runs one which has lost a lease takes a suspect that may lose another, and no other suspect."""
    world.enqueue(Spec("a", max_tries=max_tries))
    lose(world, losses)
    world.sleep(1_000)
    assert world.worker().claim(9, suspects=2).ids == (["a"] if losses == 2 else [])


def test_a_suspect_lets_its_neighbours_go_first(world: World) -> None:
    """What was lost with it, and may lose more, is to run before it, on whichever worker asks first."""
    world.enqueue(Spec("suspect", max_tries=2), Spec("neighbour", max_tries=5))
    assert lose(world) == ["suspect", "neighbour"]
    assert world.worker().claim(9).ids == ["neighbour"]
    world.sleep(1_000)
    assert world.worker("w2").claim(9).ids == ["suspect"]


def test_an_exhausted_job_is_given_out_to_be_ended(world: World) -> None:
    """It is not started: neither leased nor counted; it comes again where that worker dies too."""
    world.enqueue(Spec("j", max_tries=1))
    lose(world)
    before = world.look()
    claim = world.worker().claim(1, suspects=0)
    assert [(job.id, job.is_exhausted) for job in claim.jobs] == [("j", True)]
    view = world.look()
    assert not view.running
    assert not view.holders
    assert view.counters == before.counters
    assert world.score_of("j") == world.now + LEASE_MS
    assert world.worker("w2").claim(9, suspects=0).jobs == []
    world.sleep(LEASE_MS)
    [held] = world.worker("w2").claim(1, suspects=0).jobs
    assert world.finish(End(held, "failed", ms=-1), End(claim.jobs[0], "failed", ms=-1)) == ["ok", "ended"]


def test_a_silence_of_all_workers_lets_no_lease_count_as_lost(world: World) -> None:
    """Redis was away: whoever runs a job has one lease's time to say so."""
    world.enqueue(Spec("renewed"), Spec("dead"))
    renewed, _ = world.worker().claim(2).jobs
    world.sleep(LEASE_MS + 1)
    assert world.worker("w2").claim(2).jobs == []
    assert world.renew("w1", renewed) == ["ok"]
    world.sleep_alive(LEASE_MS - 1_000, renewed)
    assert world.worker("w2").claim(2).jobs == []
    world.sleep_alive(2_000, renewed)
    assert world.worker("w2").claim(2).ids == ["dead"]
    assert world.worker("w2").claim(2).jobs == []


def test_a_pause_of_one_worker_is_no_silence(world: World) -> None:
    """While any other is heard of, a lease that ran out is lost."""
    world.enqueue(Spec("j"))
    world.worker().take("j")
    world.sleep(GAP_MS)
    world.worker("w2").claim(0)
    world.sleep(LEASE_MS - GAP_MS)
    assert world.worker("w2").claim().ids == ["j"]


def test_who_waits_longer_than_a_priority_is_worth_comes_first(world: World) -> None:
    """Ten minutes a level."""
    world.enqueue(Spec("early", priority=4))
    world.sleep(STEP_MS + 1)
    world.enqueue(Spec("late", priority=5, owner="bob"))
    assert world.worker().claim(2).ids == ["early", "late"]
