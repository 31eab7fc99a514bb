"""Later runs of a job, of which PostgreSQL hears by the history alone: it was away, or is a backup."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from jobs import codec
from jobs.model import STOCK_OWNER, State
from jobs.stores import rows
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from tests.support.accepted import accepted

_AT = 1_764_000_000_000
_FAILURE = codec.dumps({"type": "E", "message": "m", "fingerprint": "f"}).decode()

# Of a job that is retried by hand.
_LIFE: tuple[dict[str, str], ...] = (
    {"run": "1", "v": "101", "state": "running", "try": "3", "worker": "a"},
    {"run": "1", "v": "102", "state": "failed", "try": "3", "error": _FAILURE, "fence": "101", "worker": "a"}
    | {"over": "failed", "began": str(_AT)},
    {"run": "2", "v": "103", "state": "queued"},
)


async def _tell(database: Database, job_id: str, told: dict[str, str]) -> None:
    await JobStore(database).apply(codec.dumps([{"id": job_id, "at": str(_AT), **told}]))


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
