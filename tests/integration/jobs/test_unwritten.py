"""Jobs that PostgreSQL did not take: Redis keeps their rows, and the history makes them, whatever it hears of first."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from jobs import codec, keys
from jobs.ids import new_job_id
from jobs.model import Job, Over, State
from jobs.scribe import Scribe
from jobs.stores.database import Database
from jobs.stores.events import Entry as Told
from jobs.stores.jobs import NewJob
from jobs.stores.leases import Ending
from jobs.stores.queue import Queue
from tests.support.both import write_entries, write_history
from tests.support.stage import QUEUE, Stage, stage_of

_FAILURE = codec.dumps({"type": "E", "message": "m", "fingerprint": "f"})
_RESULT = b'{"t":1,"f":"t","a":[],"k":{},"et":1,"st":1,"q":"q","s":false,"r":{},"state":"failed"'


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


async def _unwritten(stage: Stage) -> Job:
    """Accept a job while PostgreSQL is away."""
    new = NewJob(
        id=new_job_id(),
        task="t",
        queue=QUEUE,
        owner="ann",
        priority=7,
        args={"a": 1},
        tags=("x",),
        max_tries=5,
        timeout_s=300,
        run_at=None,
        delay_s=None,
    )
    job = replace(new.accepted_at(datetime.now(UTC)), is_written=False)
    await stage.enqueue(job)
    return job


async def _fail(stage: Stage) -> None:
    """Let the next job begin, and end badly."""
    ending = Ending(
        claimed=await stage.claim(),
        state=State.FAILED,
        result=_RESULT,
        keep_ms=0,
        error=_FAILURE,
        value=b"tb",
        ms=5,
    )
    await stage.leases.claim(QUEUE, request=f"{new_job_id()}-0", slots=0, suspects=1, endings=[ending])


async def _told(stage: Stage) -> list[Told]:
    """Give what was told of a job that was accepted, began and ended."""
    entries = await stage.both.events.after(b"0-0", most=10)
    assert len(entries) == 3
    return entries


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_any_of_its_events_makes_the_row(stage: Stage, order: tuple[int, ...]) -> None:
    """Stewards share the events of a job: one that has its end may write before the one that has its row."""
    job = await _unwritten(stage)
    await _fail(stage)
    entries = await _told(stage)
    scribe = Scribe(stage.both.jobs, stage.both.queue)
    await write_entries(scribe, [entries[order[0]]])
    row = await stage.row(job)
    assert (row["owner"], row["priority"], row["args"], row["tags"]) == ("ann", 7, {"a": 1}, ["x"])
    assert row["accepted_at"] == job.accepted_at
    for place in order[1:]:
        await write_entries(scribe, [entries[place]])
    row = await stage.row(job)
    assert (row["state"], row["tries"], row["worker"]) == ("failed", 1, "w")
    assert row["error"] == codec.loads_plain(_FAILURE)
    assert row["started_at"] <= row["finished_at"]
    (tried,) = await stage.both.jobs.tries.of(job.id, limit=10)
    assert (tried.outcome, tried.traceback) == (Over.FAILED, "tb")


async def test_it_does_not_run_again(stage: Stage) -> None:
    """The steward that was given its row dies, and what proves its end is gone when that one's share is written."""
    job = await _unwritten(stage)
    await _fail(stage)
    first, *others = await _told(stage)
    scribe = Scribe(stage.both.jobs, stage.both.queue)
    await write_entries(scribe, others)
    await write_entries(scribe, [first])
    await stage.both.events.next(most=10, wait_ms=1)
    await stage.both.events.confirm([first, *others])
    await stage.redis.delete(keys.RESULT + job.id, keys.DONE + job.id)
    await stage.heal()
    assert await stage.hash_of(job) == {}


async def test_a_row_that_cannot_be_read_keeps_nobody_back(stage: Stage) -> None:
    """Somebody wrote into Redis by hand: what is told of that job is put aside."""
    damaged, whole = await _unwritten(stage), await _unwritten(stage)
    await stage.redis.set(keys.row(damaged.id), b"\xff")
    ends = [
        {"id": job.id, "run": "1", "v": "9", "at": "1", "state": "succeeded", "try": "1"} for job in (damaged, whole)
    ]
    nobodys = {"run": "1", "v": "9", "at": "1", "state": "queued"}
    await Scribe(stage.both.jobs, stage.both.queue).write_events(codec.dumps([nobodys, *ends]))
    rows = await stage.database.fetch("SELECT id, state FROM jobs")
    assert [tuple(row) for row in rows] == [(whole.id, "succeeded")]
    assert len(await stage.database.fetch("SELECT FROM dead_events")) == 1


async def test_redis_is_not_asked_for_what_postgresql_has(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where the row comes along: nearly all events are of such jobs, and of some it is told twice."""

    async def refuse(*_: object) -> dict[str, bytes]:
        raise AssertionError("a row was asked for")

    monkeypatch.setattr(Queue, "unwritten_rows", refuse)
    job, other = await stage.stored(), await _unwritten(stage)
    await stage.enqueue(job)
    for _ in range(2):
        await _fail(stage)
    entries = await stage.both.events.after(b"0-0", most=10)
    await write_history(stage.both)
    await write_entries(Scribe(stage.both.jobs, stage.both.queue), entries)
    assert {(await stage.row(one))["state"] for one in (job, other)} == {"failed"}


async def test_what_is_told_of_a_job_that_is_gone_is_left(stage: Stage) -> None:
    """It was dropped because of its age, and a stream is read again."""
    await stage.queued()
    await _fail(stage)
    entries = await _told(stage)
    await stage.database.execute("DELETE FROM jobs")
    await write_entries(Scribe(stage.both.jobs, stage.both.queue), entries)
    assert await stage.database.fetch("SELECT FROM jobs") == []
