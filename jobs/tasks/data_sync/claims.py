"""Which files a sync takes, each of them for one job only. All is done in the caller's transaction."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from jobs.lifecycle import is_end
from jobs.model import Job
from jobs.stores.database import Connection
from jobs.stores.jobs import job_of
from jobs.stores.queries import load_queries
from jobs.tasks.data_sync.model import Domain, Granularity

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which due files to take: those that fit all of it; None fits any."""

    platform: str | None = None
    domains: Collection[Domain] | None = None
    granularities: Collection[Granularity] | None = None
    since: datetime | None = None
    has_template: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Files that are locked until the transaction ends, and the unfinished jobs that have others, by file."""

    files: Sequence[UUID]
    busy: dict[UUID, Job]


class Claims:
    """Locks files, looks who has them, and gives them to jobs."""

    def __init__(self, refresh: Callable[[Sequence[Job]], Awaitable[Sequence[Job]]]) -> None:
        """Take what tells how jobs are that have not ended as far as the history is written."""
        self._refresh = refresh

    async def due(self, wanted: Wanted, *, owner: str | None, most: int, connection: Connection) -> Taken:
        """Take the oldest due files, None for anybody's, without waiting for those that others claim right now."""
        rows = await connection.fetch(
            _SQL["due"],
            owner,
            wanted.platform,
            None if wanted.domains is None else list(wanted.domains),
            None if wanted.granularities is None else list(wanted.granularities),
            wanted.since,
            wanted.has_template,
            most,
        )
        return await self._free_of([row["id"] for row in rows], connection)

    async def named(self, file_ids: Sequence[UUID], *, owner: str | None, connection: Connection) -> Taken:
        """Take these files as far as they are there and nobody's job has them; waits for who claims them right now."""
        rows = await connection.fetch(_SQL["named"], list(file_ids), owner)
        return await self._free_of([row["id"] for row in rows], connection)

    async def hold(self, file_ids: Sequence[UUID], job_ids: Sequence[str], *, connection: Connection) -> None:
        """Give taken files to jobs, one each."""
        await connection.execute(_SQL["hold_all"], list(file_ids), list(job_ids))

    async def note(
        self, owner: str, *, job_id: str | None = None, batch_id: str | None = None, files: int, connection: Connection
    ) -> None:
        """Write down that somebody has begun a sync: a job, or a batch."""
        await connection.execute(_SQL["note"], owner, job_id, batch_id, files)

    async def _free_of(self, locked: Sequence[UUID], connection: Connection) -> Taken:
        rows = await connection.fetch(_SQL["unfinished"], list(locked))
        jobs = await self._refresh([job_of(row) for row in rows])
        busy = {row["file_id"]: job for row, job in zip(rows, jobs, strict=True) if not is_end(job.state)}
        return Taken(files=[file_id for file_id in locked if file_id not in busy], busy=busy)
