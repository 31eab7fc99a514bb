"""The end of a batch, at the stores: whoever looks, and whenever, it is ended once, and what follows is made once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest

from jobs import codec, keys
from jobs.admit import Admitter, Limits
from jobs.audit import Actor
from jobs.batch_close import BatchCloser
from jobs.batches import Batches
from jobs.errors import NotFoundError
from jobs.ids import new_job_id, new_job_ids
from jobs.prune import Pruner
from jobs.registry import TaskTable
from jobs.restore import Restorer
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore, Members, NewBatch
from jobs.stores.database import Database, Row
from jobs.stores.jobs import NewJob, Run
from jobs.submit import Submitter
from tests.support.stage import QUEUE, Stage, stage_of

_DAYS = 7
_OPEN_ONES = """
INSERT INTO batches (id, owner, total) SELECT number::text, 'ann', 1 FROM generate_series(1, 20000) AS number
"""


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


@pytest.fixture
def store(database: Database) -> BatchStore:
    """Give the table."""
    return BatchStore(database)


@pytest.fixture
def closer(stage: Stage, store: BatchStore) -> BatchCloser:
    """Give a steward's duty."""
    return _closer(stage, store)


def _closer(stage: Stage, store: BatchStore) -> BatchCloser:
    return BatchCloser(store, stage.both, restorer=Restorer(stage.both, tasks=TaskTable([]), turn_s=30))


def _job(**more: object) -> NewJob:
    fields: dict[str, object] = {
        "id": new_job_id(),
        "task": "t",
        "queue": QUEUE,
        "owner": "ann",
        "priority": 5,
        "args": {},
        "tags": (),
        "max_tries": 5,
        "timeout_s": 300,
        "run_at": None,
        "delay_s": None,
    }
    return NewJob(**{**fields, **more})  # type: ignore[arg-type]


async def _stored(store: BatchStore, amount: int) -> NewBatch:
    members = Members(
        terms=[_job()],
        ids=new_job_ids(amount),
        places=[1] * amount,
        args=["{}"] * amount,
        unique_keys=[None] * amount,
    )
    batch = NewBatch(id=new_job_id(), owner="ann", name=None, members=members, on_complete=_job())
    assert await store.insert(batch) is not None
    return batch


async def _tell(stage: Stage, ids: Sequence[str], *, state: str = "succeeded", version: int = 1) -> None:
    """Let the history say that these jobs are in this state."""
    told = [{"id": one, "run": "1", "v": str(version), "state": state, "at": "1000", "try": "1"} for one in ids]
    await stage.both.jobs.apply(codec.dumps(told))


async def _row(database: Database, table: str, name: str) -> Row | None:
    return await database.fetch_row(f"SELECT * FROM {table} WHERE id = $1", name)  # noqa: S608  ours


def _follower(batch: NewBatch) -> str:
    assert batch.on_complete is not None
    return batch.on_complete.id


def _run(batch: NewBatch) -> Run:
    return Run(_follower(batch), 1)


async def test_it_is_ended_only_when_the_last_job_has(
    stage: Stage, store: BatchStore, closer: BatchCloser, database: Database
) -> None:
    """One that has ended makes somebody look, one that has not keeps it open."""
    batch = await _stored(store, 3)
    await _tell(stage, batch.members.ids, state="running")
    assert await closer.look() == 0
    for ended in range(2):
        await _tell(stage, [batch.members.ids[ended]], version=2)
        assert (await closer.look(), await closer.look()) == (1, 0)
        row = await _row(database, "batches", batch.id)
        assert row is not None
        assert row["finished_at"] is None
        assert await _row(database, "jobs", _follower(batch)) is None
    await _tell(stage, [batch.members.ids[2]], version=2)
    assert (await closer.look(), await closer.look()) == (1, 0)
    row = await _row(database, "batches", batch.id)
    assert row is not None
    assert (row["counts"], row["on_complete"]) == ({"succeeded": 3}, None)
    assert await stage.both.queue.cancel([_run(batch)]) == ["cancelled"], "it is in line"


async def test_two_who_write_the_last_ends_at_once_do_not_miss_them(
    stage: Stage, store: BatchStore, database: Database
) -> None:
    """Neither sees that the other's has ended; whoever looks then does. Nor do those who look meanwhile."""
    batches = [await _stored(store, 2) for _ in range(40)]
    closers = [_closer(stage, store) for _ in range(2)]
    writing = True

    async def look(closer: BatchCloser) -> None:
        while writing:
            await closer.look()

    looks = [asyncio.create_task(look(closer)) for closer in closers]
    for batch in batches:
        await asyncio.gather(*(_tell(stage, [one]) for one in batch.members.ids))
    writing = False
    await asyncio.gather(*looks)
    while await closers[0].look():
        pass
    open_ones = await database.fetch("SELECT FROM batches WHERE finished_at IS NULL")
    assert open_ones == []
    rows = await database.fetch("SELECT id FROM jobs WHERE id = ANY ($1)", [_follower(batch) for batch in batches])
    assert len(rows) == len(batches)


async def test_the_same_ends_told_again_change_nothing(
    stage: Stage, store: BatchStore, closer: BatchCloser, database: Database
) -> None:
    """A steward that dies before it confirms has its events written once more."""
    batch = await _stored(store, 2)
    for _ in range(3):
        await _tell(stage, batch.members.ids)
        await closer.look()
    rows = await database.fetch("SELECT id, run FROM jobs WHERE batch_id = $1", batch.id)
    assert {(row["id"], row["run"]) for row in rows} == {(one, 1) for one in (*batch.members.ids, _follower(batch))}
    assert len(rows) == 3


async def test_what_follows_is_put_in_line_by_others_where_redis_is_away(
    stage: Stage, store: BatchStore, database: Database
) -> None:
    """It is stored by the same commit as the end; whoever looks for jobs that Redis lacks finds it."""
    batch = await _stored(store, 1)
    await _tell(stage, batch.members.ids)
    _, following = await store.close(limit=10)  # and then the process dies
    assert [job.id for job in following] == [_follower(batch)]
    row = await _row(database, "jobs", _follower(batch))
    assert row is not None
    assert (row["state"], row["batch_id"]) == ("accepted", batch.id)
    await database.execute("UPDATE jobs SET accepted_at = accepted_at - interval '1 minute'")
    await stage.recoverer.look()
    assert await stage.both.queue.cancel([_run(batch)]) == ["cancelled"]


async def test_what_follows_waits_for_an_emptied_redis_to_be_seen_to(
    stage: Stage, store: BatchStore, closer: BatchCloser, database: Database
) -> None:
    """Its queue may rest, which an emptied Redis does not know."""
    batch = await _stored(store, 1)
    await _tell(stage, batch.members.ids)
    await stage.redis.delete(keys.EPOCH)
    assert await closer.look() == 1
    row = await _row(database, "jobs", _follower(batch))
    assert row is not None
    assert row["state"] == "accepted"
    assert not await stage.redis.exists(keys.job(_follower(batch)))


async def test_thousands_of_open_batches_are_not_looked_at(
    store: BatchStore, closer: BatchCloser, database: Database
) -> None:
    """Only those of which a job has ended: the plan goes through an index that has none else."""
    await database.execute(_OPEN_ONES)
    await database.execute("ANALYZE batches")
    rows = await database.fetch("EXPLAIN SELECT FROM batches WHERE stirred AND finished_at IS NULL LIMIT 1")
    assert "batches_stirred" in "".join(row[0] for row in rows)
    assert await closer.look() == 0
    assert not await store.are_stirred()


async def test_nobody_does_anything_with_somebody_elses(stage: Stage, store: BatchStore, database: Database) -> None:
    """It is as if it were not there."""
    queue, jobs = stage.both.queue, stage.both.jobs
    batches = Batches(
        batches=store,
        queue=queue,
        admitter=Admitter(jobs=jobs, queue=queue, limits=Limits()),
        submitter=Submitter(tasks=TaskTable([]), database=database, jobs=jobs, queue=queue, turn_s=30),
    )
    batch = await _stored(store, 1)
    bob = Actor(name="bob")
    for act in (batches.get, partial(batches.cancel, by=bob), partial(batches.retry, by=bob)):
        with pytest.raises(NotFoundError):
            await act(batch.id, owner="bob")
    assert (await batches.get(batch.id, owner="ann")).id == batch.id
    rows = await database.fetch("SELECT FROM jobs WHERE cancel_requested_at IS NOT NULL")
    assert rows == []


async def test_a_batch_is_dropped_with_the_last_of_its_jobs(
    stage: Stage, store: BatchStore, closer: BatchCloser, database: Database
) -> None:
    """Its counts outlive jobs that are dropped before; what follows it keeps it as well."""
    batch = await _stored(store, 2)
    await _tell(stage, batch.members.ids)
    await closer.look()
    await _tell(stage, [_follower(batch)])
    pruner = Pruner(jobs=stage.both.jobs, batches=store, days=_DAYS, audit=AuditLog(database), audit_days=0)
    await database.execute("UPDATE jobs SET finished_at = now() WHERE id = $1", _follower(batch))
    await pruner.prune()
    kept = await store.get(batch.id)
    assert kept is not None
    assert (kept.counts, kept.total) == ({"succeeded": 2}, 2)
    assert len(await database.fetch("SELECT FROM jobs")) == 1
    await database.execute("UPDATE jobs SET finished_at = now() - interval '8 days'")
    await pruner.prune()
    assert await store.get(batch.id) is None
