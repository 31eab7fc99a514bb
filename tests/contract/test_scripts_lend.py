"""A stock worker begins a try of a job that it holds: it is told what the job is, and gets the highest fence."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from jobs import keys
from tests.support.protocol import LEASE_MS, START_MS, World
from tests.support.protocol_words import End, Spec


class Loan(NamedTuple):
    """A job as it was lent."""

    id: str
    run: int
    fence: int
    tries: int
    lost: int
    owner: str
    task: str
    rest: str
    payload: str


def lend(world: World, job_id: str, *, tries: int = 1) -> tuple[str, Loan]:
    """Take hold of a job as a stock worker does, and begin a try; give the state and the job."""
    world.redis.set(keys.IN_PROGRESS + job_id, "1", px=310_000)
    now, state, (_, run, fence, told, lost, *rest) = world.run("lend", job_id, "host-7-arq", tries, 4, 60_000)
    assert (int(now), told) == (world.now, tries)
    return state, Loan(job_id, int(run), int(fence), told, lost, *rest)


def test_a_job_of_ours_is_told_as_it_was_put_in(world: World) -> None:
    """With its start for the history; its place in line and its state stay."""
    world.enqueue(Spec("j", priority=7, max_tries=3, timeout=5_000))
    before = world.look()
    state, loan = lend(world, "j", tries=2)
    assert (state, loan.run, loan.lost, loan.owner, loan.task) == ("running", 1, 0, "ann", "t")
    assert (loan.rest, loan.payload) == (before.jobs["j"]["d"], '{"f":"t"}')
    after = world.look()
    (event,) = after.events
    assert (event["id"], event["state"], event["try"], event["worker"]) == ("j", "running", "2", "host-7-arq")
    assert int(event["v"]) == loan.fence
    changed = {"f": str(loan.fence), "w": "host-7-arq", "try": "2", "m": str(world.now)}
    assert after.jobs["j"] == before.jobs["j"] | changed
    assert after.queues == before.queues
    assert after.lines == before.lines


def test_nobody_who_ran_it_before_can_end_it(world: World) -> None:
    """Not even once the stock worker is gone; and the next claim has a higher fence, and the next try."""
    world.enqueue(Spec("j"))
    zombie = world.worker().take("j")
    world.sleep_alive(LEASE_MS + 1)
    _, loan = lend(world, "j", tries=2)
    assert loan.fence > zombie.fence
    assert world.finish(End(zombie)) == ["taken"]
    world.redis.delete(keys.IN_PROGRESS + "j")
    assert world.finish(End(zombie)) == ["taken"]
    again = world.worker("w2").take("j")
    assert again.fence > loan.fence
    assert (again.tries, again.lost) == (2, 1)  # the try of the worker that was lost does not count


def cancel(world: World) -> str:
    """Want the job cancelled while somebody else holds it."""
    world.redis.set(keys.IN_PROGRESS + "j", "1", px=60_000)
    assert world.cancel(("j", 1)) == ["asked"]
    return "cancelled"


def wait(world: World) -> str:
    """Let it wait for too long."""
    world.sleep(1_000)
    return "expired"


@pytest.mark.parametrize("happens", [cancel, wait], ids=lambda happens: happens.__name__)
def test_what_must_not_start_is_not_started(world: World, happens: Callable[[World], str]) -> None:
    """The worker is told what it ends as; the history hears of no start."""
    world.enqueue(Spec("j", expires=START_MS + 1_000))
    expected = happens(world)
    before = world.look()
    assert lend(world, "j")[0] == expected
    after = world.look()
    assert after.events == []
    assert after.jobs == before.jobs


@pytest.mark.parametrize("is_broken", [False, True], ids=["a stock client's", "with a hash that cannot be read"])
def test_a_job_that_nothing_is_known_of_is_lent_as_its_task_declares(world: World, is_broken: bool) -> None:  # noqa: FBT001
    """For the owner `arq`; nothing is written of it."""
    world.redis.set(keys.PAYLOAD + "s", "{}")
    if is_broken:
        world.redis.set(keys.JOB + "s", "x")
    state, loan = lend(world, "s")
    assert (state, loan.run, loan.owner, loan.task, loan.payload) == ("running", START_MS, "arq", "", "{}")
    assert loan.rest == f"5:{START_MS}:0:4:60000:30000"
    assert loan.fence > START_MS * 1_000
    view = world.look()
    assert view.events == []
    assert view.jobs == {}


def test_a_job_whose_payload_is_gone_is_told_so(world: World) -> None:
    """The worker says that it cannot be read."""
    world.enqueue(Spec("j"))
    world.redis.delete(keys.PAYLOAD + "j")
    assert lend(world, "j")[1].payload == ""
