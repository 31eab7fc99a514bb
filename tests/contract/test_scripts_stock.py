"""Stock arq clients and workers on the same keys: their entries are taken over, their holds are respected."""

import pytest

from jobs import keys
from jobs.scoring import score
from tests.support.protocol import LEASE_MS, START_MS, STEP_MS, World
from tests.support.protocol_words import End, Spec

PAYLOAD = '{"t":null,"f":"any","a":[],"k":{},"et":1}'


def submit(world: World, *ids: str, at: int = START_MS) -> None:
    """Put entries in as a stock client does: a payload, and the ms as the score."""
    for job_id in ids:
        world.redis.set(keys.PAYLOAD + job_id, PAYLOAD)
        world.redis.zadd(keys.queue("q"), {job_id: at})


def hold(world: World, *ids: str, ms: int = 310_000) -> None:
    """Take hold of jobs as a stock worker does."""
    for job_id in ids:
        world.redis.set(keys.IN_PROGRESS + job_id, "1", px=ms)


def test_an_entry_without_a_hash_is_taken_over(world: World) -> None:
    """As a job of the owner `arq` with priority 5, ranked by the time of its submission, for any worker."""
    submit(world, "s", at=START_MS - 5_000)
    [held] = world.worker(tasks=()).claim().jobs
    assert (held.id, held.run, held.owner, held.task, held.tries, held.max_tries) == ("s", START_MS, "arq", "", 1, 5)
    assert held.payload == PAYLOAD
    expected = score(base_ms=START_MS - 5_000, priority=5, ahead=0, turn_ms=30_000, step_ms=STEP_MS)
    assert int(world.hash_of("s")["s"]) == expected
    assert world.renew("w1", held) == ["ok"]
    assert world.finish(End(held)) == ["ok"]
    view = world.look()
    assert not view.queues
    assert not view.payloads
    assert not view.lines
    assert view.results.keys() == {"s"}
    assert view.counters["ended|q||succeeded"] == 1


def test_an_entry_that_is_not_due_waits(world: World) -> None:
    """A stock client's delay is kept."""
    submit(world, "s", at=START_MS + 1_000)
    assert world.worker().claim().jobs == []
    world.sleep(1_000)
    assert world.worker().claim().ids == ["s"]


def test_entries_of_one_client_keep_their_order(world: World) -> None:
    """Each pays for those before it, as jobs of any owner do."""
    submit(world, "a", at=START_MS - 3)
    submit(world, "b", at=START_MS - 2)
    submit(world, "c", at=START_MS - 1)
    world.enqueue(Spec("ours"))
    assert world.worker().claim(4).ids == ["a", "ours", "b", "c"]


def test_a_lost_lease_of_theirs_comes_back(world: World) -> None:
    """It has become a job like any other."""
    submit(world, "s")
    first = world.worker().take("s")
    world.sleep_alive(LEASE_MS + 1)
    second = world.worker("w2").take("s")
    assert (second.lost, second.run) == (1, first.run)
    assert second.fence > first.fence


@pytest.mark.parametrize("score", [-5e12, 0.0, 1.0, 7e15])
def test_an_entry_at_a_strange_score_is_taken_over(world: World, score: float) -> None:
    """Wherever it stands, it runs once, and somebody is woken for it."""
    submit(world, "s")
    world.redis.zadd(keys.queue("q"), {"s": score})
    world.redis.delete(keys.wake("q"))
    ids = world.worker().claim().ids
    assert ids == ["s"] or world.redis.llen(keys.wake("q")) == 1
    assert ids + world.worker().claim().ids == ["s"]


def test_what_a_stock_worker_holds_is_left_to_it(world: World) -> None:
    """An entry of theirs until the hold is over; ours as well, at their place in line."""
    submit(world, "s")
    world.enqueue(Spec("j"), Spec("k", due=START_MS + 1))
    hold(world, "s", "j", "k")
    world.sleep(1)
    before = world.score_of("j")
    assert world.worker().claim(5).jobs == []
    assert world.score_of("j") == before
    for job_id in ("s", "k"):
        place = world.score_of(job_id)
        assert place is not None
        assert world.now + 300_000 < place <= world.now + 310_000
    world.sleep_alive(320_000)
    assert sorted(world.worker().claim(5).ids) == ["j", "k", "s"]


def test_what_a_stock_worker_has_ended_is_no_more(world: World) -> None:
    """Its entry, if it is still there, is dropped: there is no payload."""
    submit(world, "s")
    world.redis.delete(keys.PAYLOAD + "s")
    world.redis.set(keys.RESULT + "s", "theirs")
    assert world.worker().claim().jobs == []
    view = world.look()
    assert not view.queues
    assert not view.jobs
    assert view.results == {"s": "theirs"}


def test_jobs_that_stock_workers_hold_at_the_head_delay_no_other(world: World) -> None:
    """They are passed over, and all slots are filled from behind them."""
    world.enqueue(*(Spec(f"held{index}", priority=10) for index in range(150)), *(Spec(f"j{n}") for n in range(3)))
    hold(world, *(f"held{index}" for index in range(150)))
    claim = world.worker().claim(3)
    assert (claim.ids, claim.more_ready) == (["j0", "j1", "j2"], False)


def test_a_wall_of_held_jobs_is_broken_up(world: World) -> None:
    """Where a claim sees nothing else, a part of them is put off for a lease's time, and the next claim sees more."""
    for first in (0, 100):
        world.enqueue(*(Spec(f"held{first + index}", priority=10) for index in range(100)))
    world.enqueue(Spec("j"))
    hold(world, *(f"held{index}" for index in range(200)))
    worker = world.worker()
    claim = worker.claim(3)
    assert (claim.jobs, claim.more_ready) == ([], True)
    assert worker.claim(3).ids == ["j"]
    aside = [score for score in world.look().queues["q"].values() if score == START_MS + LEASE_MS]
    assert len(aside) == 101


def test_a_stock_worker_that_takes_a_lost_lease_over_is_respected(world: World) -> None:
    """It holds what our dead worker had; the loss is counted once that is over."""
    world.enqueue(Spec("j"))
    world.worker().take("j")
    world.sleep_alive(LEASE_MS + 1)
    hold(world, "j", ms=60_000)
    assert world.worker("w2").claim().jobs == []
    assert world.hash_of("j")["st"] == "running"
    world.sleep_alive(61_000)
    held = world.worker("w2").take("j")
    assert (held.lost, held.tries) == (1, 1)


ROW = '{"id":"s"}'


@pytest.mark.parametrize("way", ["finish", "claim"])
def test_the_row_of_their_job_goes_along_with_its_end(world: World, way: str) -> None:
    """PostgreSQL has heard of it from nobody; of ours, which end in the same call, it has."""
    submit(world, "s")
    world.enqueue(Spec("j"))
    worker = world.worker()
    ends = [End(held, row=ROW if held.id == "s" else "") for held in worker.claim(2).jobs]
    world.look()
    assert (world.finish(*ends) if way == "finish" else worker.claim(0, ends=ends).answers) == ["ok", "ok"]
    assert {event["id"]: event.get("row") for event in world.look().events} == {"s": ROW, "j": None}


@pytest.mark.parametrize("wanted", [False, True], ids=["goes on", "cancelled"])
@pytest.mark.parametrize("way", ["retry", "hand_back"])
def test_the_row_of_their_job_goes_along_with_the_end_of_a_try(world: World, way: str, *, wanted: bool) -> None:
    """Whatever then becomes of it."""
    submit(world, "s")
    held = world.worker().take("s")
    if wanted:
        world.cancel(("s", held.run))
    world.look()
    if way == "retry":
        world.retry(held, row=ROW)
    else:
        world.hand_back(held, rows=[ROW])
    state = "cancelled" if wanted else "retrying" if way == "retry" else "queued"
    assert [(event["state"], event["row"]) for event in world.look().events] == [(state, ROW)]


def test_a_claim_tells_when_their_job_expires(world: World) -> None:
    """Its payload's time to live says so; of ours PostgreSQL knows."""
    submit(world, "s", "t")
    world.redis.pexpire(keys.PAYLOAD + "s", 60_000)
    world.enqueue(Spec("j", expires=START_MS + 60_000))
    jobs = {held.id: held.expires for held in world.worker().claim(3).jobs}
    left_ms = int(jobs.pop("s").removesuffix(":")) - START_MS
    assert 59_000 < left_ms <= 60_000
    assert jobs == {"t": "", "j": ""}
