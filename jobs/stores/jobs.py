"""The `jobs` table: what was accepted and what became of it. It knows rows, not Redis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jobs.lifecycle import UNFINISHED
from jobs.model import Failure, Job, Progress, State
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_STARTABLE = [str(state) for state in UNFINISHED]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that was checked and is to be accepted. It is due at `run_at`, or `delay_s` after acceptance, or at once.

    The delay is added by the database, whose clock also gives the time of acceptance.
    """

    id: str
    task: str
    queue: str
    owner: str
    priority: int
    args: Mapping[str, Any]
    tags: Sequence[str]
    max_tries: int
    timeout_s: float
    run_at: datetime | None
    delay_s: float | None


class JobStore:
    """Reads and writes jobs. Each write says in SQL from which states it may happen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, job: NewJob, *, connection: Connection) -> Job:
        """Store a job as accepted, in the caller's transaction."""
        row = await connection.fetch_row(
            _SQL["insert"],
            job.id,
            job.task,
            job.queue,
            job.owner,
            job.priority,
            job.args,
            list(job.tags),
            job.max_tries,
            job.timeout_s,
            job.run_at,
            job.delay_s,
        )
        if row is None:
            raise AssertionError("INSERT .. RETURNING gave no row")
        return _job(row)

    async def get(self, job_id: str, *, owner: str | None = None, connection: Connection | None = None) -> Job | None:
        """Give a job, or None; with `owner` also None where it is somebody else's."""
        row = await (connection or self._database).fetch_row(_SQL["get"], job_id, owner)
        return None if row is None else _job(row)

    async def mark_enqueued(self, job_id: str) -> Job | None:
        """Note that Redis has the job; None where that was known, or a worker was faster."""
        row = await self._database.fetch_row(_SQL["enqueued"], job_id)
        return None if row is None else _job(row)

    async def not_enqueued(self, *, older_than_s: float, limit: int) -> list[Job]:
        """Give accepted jobs that never reached Redis, oldest first."""
        return [_job(row) for row in await self._database.fetch(_SQL["not_enqueued"], older_than_s, limit)]

    async def start(self, job_id: str) -> Job | None:
        """Begin the next try of an unfinished job, with a fence above all earlier ones; None for any other."""
        row = await self._database.fetch_row(_SQL["start"], job_id, _STARTABLE)
        return None if row is None else _job(row)

    async def note_progress(self, job: Job, progress: Progress) -> None:
        """Store how far the job is, unless a later start has taken over."""
        await self._database.execute(_SQL["progress"], job.id, job.fence, progress.as_mapping())

    async def finish(self, job: Job, state: State, *, result: object, error: Failure | None) -> bool:
        """End the job; False where a later start has taken over or it has ended already."""
        mapping = None if error is None else error.as_mapping()
        row = await self._database.fetch_row(_SQL["finish"], job.id, job.fence, state, result, mapping)
        return row is not None

    async def retry_later(self, job: Job, error: Failure) -> None:
        """Note that the try failed and another will follow."""
        await self._database.execute(_SQL["retry_later"], job.id, job.fence, error.as_mapping())

    async def hand_back(self, job: Job) -> None:
        """Put a job that a stopping worker could not end back in line; the try does not count."""
        await self._database.execute(_SQL["hand_back"], job.id, job.fence)

    async def refuse(self, job_id: str, error: Failure) -> bool:
        """Fail an unfinished job that no worker could even begin; False where there is none."""
        row = await self._database.fetch_row(_SQL["refuse"], job_id, error.as_mapping(), _STARTABLE)
        return row is not None


def _job(row: Row) -> Job:
    return Job(
        id=row["id"],
        task=row["task"],
        queue=row["queue"],
        owner=row["owner"],
        state=State(row["state"]),
        priority=row["priority"],
        args=row["args"],
        tags=tuple(row["tags"]),
        run=row["run"],
        fence=row["fence"],
        tries=row["tries"],
        max_tries=row["max_tries"],
        timeout_s=row["timeout_s"],
        accepted_at=row["accepted_at"],
        run_at=row["run_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        progress=None if row["progress"] is None else Progress(**row["progress"]),
        result=row["result"],
        error=None if row["error"] is None else Failure(**row["error"]),
    )
