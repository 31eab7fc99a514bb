"""Finds jobs in Redis that PostgreSQL does not have: it is a backup, or was away when they were accepted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import structlog

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.found import Told, told_of_live
from jobs.model import Job
from jobs.scribe import Scribe
from jobs.stores import rows
from jobs.stores.both import Both

_EVERY_S = 5.0
_PAGE_S = 0.1

log = structlog.stdlib.get_logger(__name__)


class Strays:
    """A loop that any number of stewards may run: 200 entries at a time, with pauses, so a million take ten minutes."""

    def __init__(self, both: Both, *, scribe: Scribe, queues: Sequence[str]) -> None:
        self._both = both
        self._scribe = scribe
        self._queues = tuple(queues)
        self._refused: dict[str, int] = {}  # runs, by id, that no row can hold: to tell them again would be in vain

    async def run(self) -> None:
        """Look until cancelled. A store that is away is no reason to stop."""
        while True:
            try:
                async for _ in self.look_at_all():
                    await asyncio.sleep(_PAGE_S)
            except StoreUnavailableError as error:
                log.warning("strays_not_looked_for", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    async def look_at_all(self) -> AsyncIterator[None]:
        """Look at all entries of all queues once, a page at each step: a million take a quarter of a minute."""
        for queue in self._queues:
            cursor = await self.look(queue, 0)
            yield
            while cursor:
                cursor = await self.look(queue, cursor)
                yield

    async def look(self, queue: str, cursor: int) -> int:
        """Look at a page of a queue's entries, and take into PostgreSQL what it lacks; give the next cursor."""
        following, ids = await self._both.entries.page(queue, cursor)
        runs = await self._both.jobs.runs_of(ids)
        held = await self._both.entries.runs(ids)
        # Of most jobs the run is all that has to be read.
        ahead = [job_id for job_id, run in held.items() if run > max(runs.get(job_id, 0), self._refused.get(job_id, 0))]
        if not ahead:
            return following
        # Before they are read: what they do from then on is told by later versions.
        version = (await self._both.remains.look([])).version
        later = [job for job in await self._both.entries.jobs(ahead) if job.run > runs.get(job.id, 0)]
        told = [await self._told(job, version=version, is_new=job.id not in runs) for job in later]
        if events := [event for event in told if event is not None]:
            await self._scribe.write_events(codec.dumps(events))
            log.warning("jobs_taken_from_redis", queue=queue, amount=len(events))
        written = await self._both.jobs.runs_of([job.id for job in later])
        self._refused |= {job.id: job.run for job in later if job.run > written.get(job.id, 0)}
        return following

    async def _told(self, job: Job, *, version: int, is_new: bool) -> Told | None:
        """Tell what a job does, and of a new one what it is; None where no row can hold that."""
        told = told_of_live(job, version=version)
        if not is_new:
            return told
        accepted = await self._accepted(job)
        row = rows.pack_strange(job if accepted is None else replace(job, tags=accepted.tags))
        return told | {"row": row.decode()} if row else None

    async def _accepted(self, job: Job) -> Job | None:
        try:
            return await self._both.queue.unwritten(job.id)
        except ValueError as fault:  # its hash says all but the tags
            log.warning("row_not_read", job=job.id, reason=str(fault))
            return None
