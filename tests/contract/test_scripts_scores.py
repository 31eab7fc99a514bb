"""The scripts rank jobs as jobs.scoring says, for any numbers."""

from itertools import accumulate

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import keys
from jobs.scoring import after_retry, score
from tests.support.protocol import LEASE_MS, START_MS, STEP_MS, World
from tests.support.protocol_scores import scores_of
from tests.support.protocol_words import End, Spec

DAY_MS = 86_400_000

many = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
priorities = st.integers(1, 10)
typical = st.one_of(st.integers(0, DAY_MS).map(float), st.floats(0.001, DAY_MS).map(lambda ms: round(ms, 3)))
submissions = st.builds(
    Spec,
    id=st.just(""),
    run=st.just(1),
    queue=st.sampled_from(("q", "other")),
    owner=st.sampled_from(("ann", "bob")),
    priority=priorities,
    task=st.sampled_from(("t", "u")),
    at=st.one_of(st.just(0), st.integers(START_MS - 30 * DAY_MS, START_MS + DAY_MS)),
    due=st.one_of(st.just(0), st.integers(START_MS - DAY_MS, START_MS)),
    max_tries=st.just(3),
    timeout=st.just(300_000.0),
    typical=typical,
    expires=st.just(0),
    unique=st.just(""),
    payload=st.just("{}"),
)
batches = st.lists(st.lists(submissions, min_size=1, max_size=6), min_size=1, max_size=4)


@many
@given(batches, st.dictionaries(st.sampled_from(("t", "u")), st.floats(0, DAY_MS).map(lambda ms: round(ms, 3))))
def test_a_job_in_line_has_the_score_of_the_rule(
    world: World, batches: list[list[Spec]], means: dict[str, float]
) -> None:
    """With what its owner has in line in that queue, the items before it in its batch too, times the measured mean."""
    world.reset()
    for task, mean in means.items():
        world.redis.hset(keys.MEANS, task, f"{mean:.3f}")
    for number, batch in enumerate(batches):
        jobs = [job._replace(id=f"j{number}.{index}") for index, job in enumerate(batch)]
        expected = scores_of(jobs, world.look())
        assert world.enqueue(*jobs) == ["queued"] * len(jobs)
        for job in jobs:
            assert world.score_of(job.id, job.queue) == expected[job.id]
            assert float(world.hash_of(job.id)["s"]) == expected[job.id]
        world.sleep(1_000)


@many
@given(st.lists(st.tuples(priorities, st.integers(1, 20_000)), min_size=1, max_size=8), st.integers(0, 3))
def test_a_scheduled_job_is_ranked_when_it_comes_due(world: World, jobs: list[tuple[int, int]], before: int) -> None:
    """By its due time, and by what its owner has in line by then; until then it is in nobody's way."""
    world.reset()
    later = [Spec(f"j{index}", priority=priority, due=START_MS + delay) for index, (priority, delay) in enumerate(jobs)]
    assert world.enqueue(*later) == ["scheduled"] * len(later)
    waiting = [Spec(f"w{index}", priority=5) for index in range(before)]
    expected = scores_of(waiting, world.look())
    world.enqueue(*waiting)
    assert world.look().lines.get("q:ann", {}) == dict.fromkeys(expected, 5.0)
    world.sleep(20_000)
    world.worker().claim(0)
    in_line = [5] * before
    for job in sorted(later, key=lambda job: (job.due, job.id)):
        ahead = sum(priority >= job.priority for priority in in_line)
        expected[job.id] = score(base_ms=job.due, priority=job.priority, ahead=ahead, turn_ms=30_000, step_ms=STEP_MS)
        in_line.append(job.priority)
    assert world.look().queues["q"] == expected


@many
@given(priorities, st.integers(0, 5), st.integers(0, 30 * DAY_MS))
def test_a_retry_never_ranks_before_its_due_time(world: World, priority: int, ahead: int, delay: int) -> None:
    """Its score is that of jobs.scoring.after_retry, and holds from when it is due."""
    world.reset()
    world.enqueue(*(Spec(f"w{index}", priority=10, task="none") for index in range(ahead)))
    world.enqueue(Spec("j", priority=priority))
    first = int(world.hash_of("j")["s"])
    [held] = world.worker().claim(20).jobs
    assert world.retry(held, delay=delay) == "ok"
    due = START_MS + delay
    expected = after_retry(first, due_ms=due, priority=priority, step_ms=STEP_MS)
    assert (world.score_of("j"), int(world.hash_of("j")["s"])) == (due, expected)
    world.sleep(delay)
    world.worker().claim(0)
    assert world.score_of("j") == expected


@many
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6))
def test_the_turn_is_the_mean_of_the_runs(world: World, durations: list[int]) -> None:
    """Each run moves it by its part; the next job pays with it for each that its owner has in line."""
    world.reset()
    for index, ms in enumerate(durations):
        world.enqueue(Spec(f"j{index}"))
        world.finish(End(world.worker().take(f"j{index}"), ms=ms))
    means = [total / number for number, total in enumerate(accumulate(durations), 1)]
    mean = float(str(world.redis.hget(keys.MEANS, "t")))
    assert abs(mean - means[-1]) <= 0.001 * len(durations)
    world.enqueue(Spec("first"), Spec("second"))
    expected = score(base_ms=START_MS, priority=5, ahead=1, turn_ms=mean, step_ms=STEP_MS)
    assert world.score_of("second") == expected


def test_the_mean_forgets(world: World) -> None:
    """After two hundred runs a new one counts for a two-hundredth, however many there were."""
    world.redis.hset(keys.MEANS, mapping={"t": "1000.000", "t|n": 200})
    world.enqueue(Spec("a"), Spec("b"))
    first, second = world.worker().claim(2).jobs
    world.finish(End(first, ms=3_000), End(second, ms=3_000))
    assert world.redis.hget(keys.MEANS, "t") == "1020.000"
    assert world.redis.hget(keys.MEANS, "t|n") == "200"


def test_a_run_that_never_began_moves_no_mean(world: World) -> None:
    """An end without a run is not measured."""
    world.enqueue(Spec("a"))
    world.finish(End(world.worker().take("a"), ms=-1))
    assert not world.redis.exists(keys.MEANS)
    assert not any(name.startswith("run_ms") for name in world.look().counters)


def test_no_score_leaves_the_ready_band(world: World) -> None:
    """A line of many years ends at -1, which stock arq can tell from nothing, and the order of time begins above."""
    world.redis.hset(keys.MEANS, "t", str(7 * DAY_MS))
    world.enqueue(*(Spec(f"w{index}") for index in range(200)), issued=0)
    for batch in range(1, 20):
        world.enqueue(*(Spec(f"w{batch}.{index}") for index in range(200)))
    world.enqueue(Spec("last"))
    assert world.score_of("last") == -1
    view = world.look()
    assert all(-(2**53) <= place <= -1 for place in view.queues["q"].values())


def test_a_lost_lease_and_a_hand_back_keep_the_score(world: World) -> None:
    """Whoever was taken before is not put behind those that came since."""
    world.enqueue(Spec("lost"), Spec("back"))
    scores = {job_id: world.score_of(job_id) for job_id in ("lost", "back")}
    back = world.worker().claim(2).jobs[1]
    world.enqueue(Spec("later"))
    world.hand_back(back)
    world.sleep_alive(LEASE_MS + 1)
    world.worker("w2").claim(0)
    assert {job_id: world.score_of(job_id) for job_id in scores} == scores
