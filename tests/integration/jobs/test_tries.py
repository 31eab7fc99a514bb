"""The tries of a job in PostgreSQL: whatever the order of the events, and however often they come."""

import random
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import pytest

from jobs import codec
from jobs.find import JobFinder
from jobs.model import Job, Over, State
from jobs.stores.database import Database, Row
from jobs.stores.jobs import JobStore
from tests.support.accepted import accepted
from tests.support.bed import NOTE_ENDS
from tests.support.both import write_history
from tests.support.stage import Stage, stage_of

Event = dict[str, str]

_AT = 1_764_000_000_000
_FAILURE = codec.dumps({"type": "E", "message": "m", "fingerprint": "f"}).decode()
_SHUFFLES = 150


def _over(outcome: str, fence: int, worker: str, began: int) -> Event:
    return {"over": outcome, "fence": str(fence), "worker": worker, "began": str(_AT + began)}


# A job that loses a lease and takes it up again, is retried, handed back, and loses another. Versions count from 100.
_LIFE: tuple[Event, ...] = (
    {"state": "queued"},
    {"state": "running", "try": "1", "worker": "a"},
    {"state": "queued", "try": "0", **_over("lost", 101, "a", 1)},
    {"state": "running", "try": "1", "fence": "101", "worker": "a"},
    {"state": "retrying", "try": "1", "error": _FAILURE, "traceback": "tb", **_over("retrying", 101, "a", 3)},
    {"state": "queued", "try": "1"},
    {"state": "running", "try": "2", "worker": "b"},
    {"state": "queued", "try": "1", **_over("handed_back", 106, "b", 6)},
    {"state": "running", "try": "2", "worker": "c"},
    {"state": "queued", "try": "1", **_over("lost", 108, "c", 8)},
    {"state": "running", "try": "2", "worker": "d"},
)
_WRITTEN: list[tuple[object, ...]] = [
    (101, 1, "a", 1, 4, "retrying", "tb"),
    (106, 2, "b", 6, 7, "handed_back", None),
    (108, 2, "c", 8, 9, "lost", None),
]
_ENDS: dict[str, tuple[Event, ...]] = {
    "succeeded": ({"state": "succeeded", "try": "2", "fence": "110", "result": "42"},),
    "failed": (
        {"state": "failed", "try": "2", "error": _FAILURE, "traceback": "end", **_over("failed", 110, "d", 10)},
    ),
    "cancelled": (
        {"state": "queued", "try": "1", **_over("lost", 110, "d", 10)},
        {"state": "cancelled", "try": "1", "fence": "111"},
    ),
}
_LAST_WRITTEN: dict[str, list[tuple[object, ...]]] = {
    "succeeded": [],
    "failed": [(110, 2, "d", 10, 11, "failed", "end")],
    "cancelled": [(110, 2, "d", 10, 11, "lost", None)],
}


def _told(job_id: str, life: Sequence[Event]) -> list[Event]:
    return [
        {"id": job_id, "run": "1", "v": str(100 + number), "at": str(_AT + number), **event}
        for number, event in enumerate(life)
    ]


async def _tell(database: Database, events: Sequence[Event]) -> None:
    await JobStore(database).apply(codec.dumps(events))


def _ms(row: Row, name: str) -> int:
    return int(round(row[name].timestamp() * 1000) - _AT)


def _shown(row: Row) -> tuple[object, ...]:
    times = _ms(row, "began_at"), _ms(row, "ended_at")
    return (row["fence"], row["try"], row["worker"], *times, row["outcome"], row["traceback"])


@pytest.mark.parametrize("end", _ENDS)
async def test_any_order_and_any_repetition_give_the_same_rows(database: Database, end: str) -> None:
    """Each job's events shuffled, one in three twice, a few at a time: so ends come before starts."""
    chance = random.Random(end)  # noqa: S311  no secret
    for job_id in await accepted(database, _SHUFFLES):
        told = _told(job_id, (*_LIFE, *_ENDS[end]))
        told += chance.sample(told, len(told) // 3)
        chance.shuffle(told)
        cuts = sorted({0, len(told), *chance.sample(range(len(told)), chance.randint(0, len(told)))})
        for first, last in pairwise(cuts):
            await _tell(database, told[first:last])
        rows = await database.fetch("SELECT * FROM tries WHERE job_id = $1 ORDER BY fence", job_id)
        assert [_shown(row) for row in rows] == [*_WRITTEN, *_LAST_WRITTEN[end]], told
    jobs = await database.fetch(
        "SELECT DISTINCT state, tries, fence, worker, started_at, finished_at, result, error FROM jobs"
    )
    assert len(jobs) == 1, jobs
    (job,) = jobs
    assert (job["state"], job["fence"], job["worker"], _ms(job, "started_at")) == (end, 110, "d", 10)


async def test_a_success_at_the_first_try_has_no_row(database: Database) -> None:
    """The job's own tells of it, also where its start is heard of after its end."""
    (job_id,) = await accepted(database, 1)
    start, end = _told(job_id, ({"state": "running", "worker": "a"}, {"state": "succeeded", "fence": "100"}))
    for event in (end, start):
        await _tell(database, [event])
    assert await database.fetch("SELECT FROM tries") == []
    (row,) = await database.fetch("SELECT * FROM jobs")
    assert (row["state"], row["worker"], row["fence"]) == ("succeeded", "a", 100)
    assert (_ms(row, "started_at"), _ms(row, "finished_at")) == (0, 1)


async def test_a_start_that_is_heard_of_late_is_no_second_end(database: Database) -> None:
    """The tests' own count of ends knows the difference: any other change of such a row is one."""
    await database.execute(NOTE_ENDS)
    (job_id,) = await accepted(database, 1)
    start, end = _told(job_id, ({"state": "running", "worker": "a"}, {"state": "succeeded", "fence": "100"}))
    for event in (end, start, start, end):
        await _tell(database, [event])
    assert len(await database.fetch("SELECT FROM ends")) == 1
    await database.execute("UPDATE jobs SET finished_at = finished_at")
    assert len(await database.fetch("SELECT FROM ends")) == 2


async def test_an_end_alone_tells_that_there_was_a_start(database: Database) -> None:
    """Which one, only the start itself can tell."""
    (job_id,) = await accepted(database, 1)
    start, retry, end = _told(
        job_id,
        (
            {"state": "running", "try": "1", "worker": "a"},
            {"state": "retrying", "try": "1", "error": _FAILURE, **_over("retrying", 100, "a", 0)},
            {"state": "cancelled", "try": "1", "fence": "101"},
        ),
    )
    await _tell(database, [end])
    job = await JobStore(database).get(job_id)
    assert job is not None
    assert (job.state, job.started_at) == (State.CANCELLED, None)
    assert job.fence > 0
    for late in (retry, start):
        await _tell(database, [late])
        job = await JobStore(database).get(job_id)
        assert job is not None
        assert (job.fence, job.worker, job.state) == (100, "a", State.CANCELLED)


async def test_a_job_without_a_row_gets_no_tries(database: Database) -> None:
    """Nobody would ever drop them."""
    await _tell(database, _told("nobody's", _LIFE))
    assert await database.fetch("SELECT FROM tries") == []


async def test_a_later_run_keeps_the_tries_of_an_earlier_one(database: Database) -> None:
    """Also where they are heard of later."""
    (job_id,) = await accepted(database, 1)
    later = [event | {"run": "2", "v": str(int(event["v"]) + 100)} for event in _told(job_id, _LIFE[:2])]
    await _tell(database, later)
    await _tell(database, _told(job_id, (*_LIFE, *_ENDS["failed"])))
    rows = await database.fetch("SELECT run, outcome FROM tries ORDER BY fence")
    outcomes = ["retrying", "handed_back", "lost", "failed"]
    assert [(row["run"], row["outcome"]) for row in rows] == [(1, outcome) for outcome in outcomes]
    (row,) = await database.fetch("SELECT * FROM jobs")
    assert (row["run"], row["state"], row["fence"], _ms(row, "started_at")) == (2, "running", 201, 1)


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


async def _outcomes(stage: Stage, job: Job) -> list[Over | None]:
    """Give how the tries of a job have ended, as whoever asks is told."""
    await write_history(stage.both)
    finder = JobFinder(jobs=stage.both.jobs, queue=stage.both.queue)
    found = await finder.get(job.id)
    assert found is not None
    return [one.outcome for one in await finder.tries(found)]


class TestRedisHasLostIt:
    """A job that runs, and all that Redis knew of it."""

    async def test_that_try_is_lost(self, stage: Stage) -> None:
        """When it is noticed; the next one is another."""
        job = await stage.queued()
        first = await stage.claim()
        await stage.heal()
        await stage.lose(job)
        await stage.heal()
        assert await _outcomes(stage, job) == [Over.LOST]
        (row,) = await stage.database.fetch("SELECT * FROM tries")
        assert (row["fence"], row["try"], row["worker"]) == (first.fence, 1, "w")
        assert row["began_at"] < row["ended_at"]
        second = await stage.claim()
        assert (second.tries, await _outcomes(stage, job)) == (1, [Over.LOST, None])
        await stage.finish(second)
        assert await _outcomes(stage, job) == [Over.LOST, Over.SUCCEEDED]

    async def test_unless_its_worker_is_there(self, stage: Stage) -> None:
        """It ends it before anybody else has taken it: that was the only try."""
        job = await stage.queued()
        claimed = await stage.claim()
        await stage.heal()
        await stage.lose(job)
        await stage.heal()
        await stage.finish(claimed)
        assert await _outcomes(stage, job) == [Over.SUCCEEDED]

    async def test_nothing_is_lost_that_did_not_run(self, stage: Stage) -> None:
        """It was waiting."""
        job = await stage.queued()
        await stage.lose(job)
        await stage.heal()
        assert await _outcomes(stage, job) == []

    async def test_nothing_is_lost_twice(self, stage: Stage) -> None:
        """Whoever looks again finds it in line."""
        job = await stage.queued()
        await stage.claim()
        await stage.heal()
        await stage.lose(job)
        for _ in range(3):
            await stage.heal()
        assert await _outcomes(stage, job) == [Over.LOST]


async def test_a_redis_that_went_back_to_before_a_start_has_lost_it(stage: Stage) -> None:
    """The job is in line there, and PostgreSQL knows of a try."""
    job = await stage.queued()
    before = await stage.hash_of(job)
    await stage.claim()
    await stage.heal()
    await stage.lose(job)
    await stage.enqueue(job)
    await stage.lose_events()
    assert (await stage.hash_of(job))["st"] == before["st"]
    await stage.heal()
    assert await _outcomes(stage, job) == [Over.LOST]
