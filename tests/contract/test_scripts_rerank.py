"""The scripts, call by call: whoever stood in line behind what was cancelled does not wait for it."""

from jobs import keys
from tests.support.protocol import START_MS, STEP_MS, World
from tests.support.protocol_scores import ranked_anew
from tests.support.protocol_words import Spec

TURN_MS = 30_000
MINUTE_MS = 60_000


def scores(world: World, *job_ids: str) -> list[float | None]:
    """Give the places of jobs, in ms from that of somebody who submits his first job at the start."""
    first = START_MS - 5 * STEP_MS - 4_000_000_000_000
    found = [world.score_of(job_id) for job_id in job_ids]
    return [score and score - first for score in found]


def cancel(world: World, *job_ids: str) -> None:
    """Cancel jobs that wait."""
    assert set(world.cancel(*[(job_id, 1) for job_id in job_ids])) <= {"cancelled", "stopped"}


def test_the_rest_closes_up(world: World) -> None:
    """A thousand, of which all but the last ten are cancelled: these rank as if they were submitted now."""
    names = [f"j{number:04}" for number in range(1_000)]
    for first in range(0, 1_000, 200):
        world.enqueue(*map(Spec, names[first : first + 200]))
    rest = names[-10:]
    assert scores(world, *rest) == [number * TURN_MS for number in range(990, 1_000)]
    world.sleep(MINUTE_MS)
    for first in range(0, 990, 200):
        cancel(world, *names[first : min(first + 200, 990)])
    world.close_gaps(most=10)
    assert scores(world, *rest) == [MINUTE_MS + number * TURN_MS for number in range(10)]
    assert [float(world.hash_of(name)["s"]) for name in rest] == [world.score_of(name) for name in rest]
    assert keys.CANCELLED not in world.look().keys
    world.enqueue(Spec("next"))
    assert scores(world, "next") == [MINUTE_MS + 10 * TURN_MS]


def test_ten_are_too_few(world: World) -> None:
    """So much anybody may change his mind; the next one counts with them."""
    names = [f"j{number:02}" for number in range(13)]
    world.enqueue(*map(Spec, names))
    cancel(world, *names[:10])
    world.close_gaps(most=10)
    assert scores(world, "j12") == [12 * TURN_MS]
    cancel(world, "j10")
    world.close_gaps(most=10)
    assert scores(world, "j11", "j12") == [0, TURN_MS]


def test_nobody_is_put_back_or_gains_by_it(world: World) -> None:
    """What he has had running counts as ahead; whoever has waited for long keeps his place."""
    world.enqueue(Spec("a"), Spec("b"), Spec("c"), Spec("z"))
    world.worker().take("a")
    world.sleep(60 * MINUTE_MS)
    cancel(world, "b")
    before = scores(world, "c", "z")
    world.close_gaps()
    assert scores(world, "c", "z") == before
    assert world.look().running_count("ann") == 0  # its lease is over, but it is in line

    world.reset()
    world.enqueue(*[Spec(name) for name in ("a", "b", "c", "d")])
    world.worker().take("a")
    cancel(world, "b")
    world.close_gaps()
    assert scores(world, "c", "d") == [TURN_MS, 2 * TURN_MS]


def test_only_that_line_closes_up(world: World) -> None:
    """Not another owner's, not that in another queue; and no job passes his more urgent ones."""
    world.enqueue(*[Spec(f"a{number}") for number in range(4)])
    world.enqueue(Spec("low", priority=4), Spec("high", priority=6))
    world.enqueue(Spec("other1", queue="other"), Spec("other2", queue="other"))
    world.enqueue(Spec("bob1", owner="bob"), Spec("bob2", owner="bob"))
    cancel(world, "a0", "a1")
    world.close_gaps()
    assert scores(world, "a2", "a3") == [0 + TURN_MS, 2 * TURN_MS]
    assert scores(world, "low", "high") == [STEP_MS + 3 * TURN_MS, -STEP_MS]
    assert scores(world, "bob1", "bob2") == [0, TURN_MS]
    assert world.score_of("other2", "other") == world.score_of("bob2")


def test_parked_retrying_and_put_aside(world: World) -> None:
    """Whatever holds them up, they have their new place when that is over; a retry not before its time."""
    world.limit("ann", 1)
    names = [f"j{number}" for number in range(6)]
    world.enqueue(*map(Spec, names))
    held = world.worker().take("j0")
    world.enqueue(Spec("unknown", task="rare"))
    assert world.worker().claim(5).jobs == []
    assert world.look().parked["q:ann"].keys() == set(names[1:])
    assert world.retry(held, delay=MINUTE_MS) == "ok"
    cancel(world, "j1", "j2", "j3")
    expected = ranked_anew("q:ann", world.look())
    world.close_gaps()
    view = world.look()
    assert {name: float(view.jobs[name]["s"]) for name in expected} == expected
    assert [float(view.jobs[name]["s"]) for name in ("j4", "j5")] == [world.score_of("j4"), view.parked["q:ann"]["j5"]]
    assert world.score_of("j0") == START_MS + MINUTE_MS
    assert world.score_of("unknown") == START_MS + 10_000
    assert float(view.jobs["unknown"]["s"]) < 0


def test_a_long_line_takes_several_calls(world: World) -> None:
    """Each looks at about two hundred; what is cancelled meanwhile is counted on."""
    names = [f"j{number:04}" for number in range(1_000)]
    for first in range(0, 1_000, 200):
        world.enqueue(*map(Spec, names[first : first + 200]))
    cancel(world, *names[:100])
    found, line, cursor = world.run("rerank", STEP_MS, 10, "", "0")
    assert (found, line) == (1, "q:ann")
    assert cursor != "0"
    cancel(world, *names[100:111])
    world.redis.zadd(keys.CANCELLED, {"q:bob": 3})
    while cursor != "0":
        found, line, cursor = world.run("rerank", STEP_MS, 10, line, cursor)
    assert world.redis.zscore(keys.CANCELLED, "q:ann") == 11
    world.close_gaps(most=10)
    assert scores(world, names[111], names[999]) == [0, 888 * TURN_MS]
    assert world.look().content(keys.CANCELLED, {}) == {"q:bob": 3}
