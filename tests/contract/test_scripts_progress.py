"""The scripts, call by call: progress is told by who holds the job, and bounded."""

from typing import cast

from jobs import keys
from tests.support.protocol import LEASE_MS, World
from tests.support.protocol_words import End, Held, Spec


def _tell(world: World, held: Held, said: str = "{}") -> str:
    return str(world.run("progress", held.id, held.run, held.fence, said))


def test_who_runs_the_job_tells_of_it(world: World) -> None:
    """With id and run; it changes nothing else."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    before = world.look().contents
    assert _tell(world, held, '{"done":1}') == "ok"
    ((_, told),) = cast("list[tuple[str, dict[str, str]]]", world.redis.xrange(keys.PROGRESS))
    assert told == {"id": "j", "run": "1", "progress": '{"done":1}'}
    world.redis.delete(keys.PROGRESS)
    assert world.look().contents == before


def test_whoever_has_lost_it_is_not_heard(world: World) -> None:
    """A later start, an end and a loss of Redis."""
    world.enqueue(Spec("j"))
    first = world.worker().take("j")
    world.sleep_alive(LEASE_MS + 1)
    second = world.worker("w2").take("j")
    assert _tell(world, first) == "taken"
    world.finish(End(second))
    assert _tell(world, second) == "ended"
    world.redis.flushdb()
    world.reset()
    assert _tell(world, second) == "unknown"
    assert not world.redis.exists(keys.PROGRESS)


def test_it_is_bounded(world: World) -> None:
    """Whoever reads it reads it at once."""
    world.enqueue(Spec("j"))
    held = world.worker().take("j")
    for _ in range(keys.PROGRESS_KEPT + 300):
        assert _tell(world, held) == "ok"
    assert keys.PROGRESS_KEPT <= cast("int", world.redis.xlen(keys.PROGRESS)) < keys.PROGRESS_KEPT + 200
