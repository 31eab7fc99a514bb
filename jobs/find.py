"""Finds a job: PostgreSQL knows that it is there and whose, Redis how it is until its end has been written."""

from collections.abc import Sequence
from typing import NamedTuple

from jobs.attempts import tries_of
from jobs.errors import StoreUnavailableError
from jobs.lifecycle import is_end
from jobs.model import Job, Try
from jobs.stores.database import Connection
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Queue

_TRIES_SHOWN = 100


class Seen(NamedTuple):
    """A job as it was when Redis had given out this version; None: Redis was not asked, as it is away or not needed."""

    job: Job
    version: int | None = None


class JobFinder:
    """The one way to look at a job."""

    def __init__(self, *, jobs: JobStore, queue: Queue) -> None:
        self._jobs = jobs
        self._queue = queue

    async def get(self, job_id: str, *, owner: str | None = None, connection: Connection | None = None) -> Job | None:
        """Give a job, or None; with `owner` also None where it is somebody else's.

        While Redis is away this is the job as far as its history was written. While PostgreSQL is away this is one
        that it did not take, for a day; of others StoreUnavailableError is raised.
        """
        seen = await self.look(job_id, owner=owner, connection=connection)
        return None if seen is None else seen.job

    async def look(self, job_id: str, *, owner: str | None = None, connection: Connection | None = None) -> Seen | None:
        """Give a job like `get`, and as of when."""
        try:
            job = await self._jobs.get(job_id, owner=owner, connection=connection)
        except StoreUnavailableError:
            job = await self._unwritten(job_id, owner)
            if job is None:
                raise
        else:
            job = job or await self._unwritten(job_id, owner)
        if job is None:
            return None
        if is_end(job.state):
            return Seen(job)
        try:
            (live,), version = await self._queue.live_all([job])
        except StoreUnavailableError:
            return Seen(job)
        return Seen(live, version)

    async def unfinished(self, *, owner: str | None, most: int) -> tuple[list[Job], int]:
        """Give the first unfinished jobs of an owner, None for everybody's, as they are; and as of which version.

        Raises StoreUnavailableError where either store is away.
        """
        return await self._queue.live_all(await self._jobs.first_unfinished(owner=owner, limit=most))

    async def tries(self, job: Job) -> list[Try]:
        """Give the tries of a job that was got here, the oldest first; of many the last hundred.

        Those that are over are known once the history is written, the latest at once. While PostgreSQL is away the
        latest is all there is.
        """
        try:
            written = await self._jobs.tries.of(job.id, limit=_TRIES_SHOWN)
        except StoreUnavailableError:
            written = []
        return tries_of(job, written)

    async def refresh(self, jobs: Sequence[Job]) -> list[Job]:
        """Give jobs that PostgreSQL has told of, in the same order, as Redis knows those that have not ended."""
        unfinished = [job for job in jobs if not is_end(job.state)]
        if not unfinished:
            return list(jobs)
        try:
            live, _ = await self._queue.live_all(unfinished)
        except StoreUnavailableError:
            return list(jobs)
        fresh = {job.id: job for job in live}
        return [fresh.get(job.id, job) for job in jobs]

    async def _unwritten(self, job_id: str, owner: str | None) -> Job | None:
        try:
            job = await self._queue.unwritten(job_id)
        except StoreUnavailableError:
            return None
        return None if job is None or owner not in {None, job.owner} else job
