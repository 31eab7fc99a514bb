"""Later runs of a job, of which PostgreSQL hears by the history alone: it was away, or is a backup."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from jobs import codec
from jobs.batch import Batch
from jobs.model import STOCK_OWNER, State
from jobs.stores import rows
from jobs.stores.batches import BatchStore
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from tests.support.accepted import accepted
from tests.support.conditions import eventually

_AT = 1_764_000_000_000
_FAILURE = codec.dumps({"type": "E", "message": "m", "fingerprint": "f"}).decode()

# Of a job that is retried by hand.
_LIFE: tuple[dict[str, str], ...] = (
    {"run": "1", "v": "101", "state": "running", "try": "3", "worker": "a"},
    {"run": "1", "v": "102", "state": "failed", "try": "3", "error": _FAILURE, "fence": "101", "worker": "a"}
    | {"over": "failed", "began": str(_AT)},
    {"run": "2", "v": "103", "state": "queued"},
)


_WAITS = """
SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'WITH event AS%'
"""
_ENDED_AGAIN = {"run": "2", "v": "104", "state": "succeeded", "try": "1"}


async def _tell(database: Database, job_id: str, *told: dict[str, str]) -> None:
    await JobStore(database).apply(codec.dumps([{"id": job_id, "at": str(_AT), **event} for event in told]))


async def _ended_batch(database: Database) -> tuple[str, str]:
    """Give the only member of a batch, and the job that has followed its end; both have failed."""
    member, follower = await accepted(database, 2)
    await database.execute("UPDATE jobs SET batch_id = 'b', state = 'failed', finished_at = now()")
    counts = codec.dumps({"failed": 1}).decode()
    await database.fetch(
        """
        INSERT INTO batches (id, owner, total, finished_at, counts, on_complete_job_id)
        VALUES ('b', 'ann', 1, now(), $1::text::jsonb, $2)
        """,
        counts,
        follower,
    )
    return member, follower


async def _batch(database: Database) -> Batch:
    batch = await BatchStore(database).get("b")
    assert batch is not None
    return batch


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_one_has_nothing_of_the_run_before(database: Database, order: tuple[int, ...]) -> None:
    """As where PostgreSQL itself has begun it: no wish to cancel it, no due time, no failure; whatever comes first."""
    (job_id,) = await accepted(database, 1)
    await database.execute("UPDATE jobs SET run_at = now(), expires_at = now(), cancel_requested_at = now()")
    await database.execute("""UPDATE jobs SET progress = '{"percent": 9}'""")
    for place in order:
        await _tell(database, job_id, _LIFE[place])
    (row,) = await database.fetch("SELECT * FROM jobs")
    assert (row["run"], row["state"], row["tries"], row["fence"]) == (2, "queued", 0, 0)
    names = ("run_at", "expires_at", "cancel_requested_at", "started_at", "worker", "finished_at", "progress", "error")
    assert [name for name in names if row[name] is not None] == []


async def test_a_row_that_comes_along_is_of_its_own_run(database: Database) -> None:
    """The first run of a stock client's job has no small number: it keeps its due time all the same."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    new = NewJob(
        id="mine",
        task="t",
        queue="data_sync",
        owner=STOCK_OWNER,
        priority=5,
        args={},
        tags=(),
        max_tries=5,
        timeout_s=300,
        run_at=None,
        delay_s=None,
    )
    job = replace(new.accepted(at=at, run_at=at, expires_at=at), run=_AT)
    await _tell(database, "mine", _LIFE[0] | {"run": str(_AT), "row": rows.pack_strange(job).decode()})
    written = await JobStore(database).get("mine")
    assert written is not None
    assert (written.run, written.state) == (_AT, State.RUNNING)
    assert (written.run_at, written.expires_at) == (at, at)


@pytest.mark.parametrize("is_told_at_once", [False, True])
async def test_a_batch_that_had_ended_counts_it_anew(database: Database, *, is_told_at_once: bool) -> None:
    """It is open again, until that run has ended too."""
    member, _ = await _ended_batch(database)
    if not is_told_at_once:
        await _tell(database, member, _LIFE[2])
        assert (await _batch(database)).finished_at is None
        await BatchStore(database).close(limit=10)
        assert (await _batch(database)).finished_at is None
    await _tell(database, member, _LIFE[2], _ENDED_AGAIN)
    await BatchStore(database).close(limit=10)
    batch = await _batch(database)
    assert batch.finished_at is not None
    assert batch.counts == {State.SUCCEEDED: 1}


async def test_a_batch_stays_ended_where_what_follows_it_runs_again(database: Database) -> None:
    """That is none of its members."""
    _, follower = await _ended_batch(database)
    await _tell(database, follower, _LIFE[2])
    await _tell(database, follower, _ENDED_AGAIN)
    assert (await _batch(database)).finished_at is not None
    assert (await BatchStore(database).close(limit=10))[0] == 0


async def test_a_batch_is_open_again_though_it_is_being_ended(database: Database) -> None:
    """Whoever ends it has it locked, and has seen the end of the run before."""
    member, _ = await _ended_batch(database)
    await database.execute("UPDATE batches SET finished_at = NULL, counts = NULL")

    async def waits() -> bool:
        return bool(await database.fetch(_WAITS))

    async with asyncio.TaskGroup() as tasks, database.transaction() as connection:
        await connection.fetch("SELECT FROM batches FOR UPDATE")
        tasks.create_task(_tell(database, member, _LIFE[2]))
        await eventually(waits)
        await connection.execute("UPDATE batches SET finished_at = now()")
    assert (await _batch(database)).finished_at is None
