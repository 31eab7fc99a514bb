"""A running job's progress on its way to the database: the latest word counts, at most four a second."""

import asyncio

import structlog

from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError
from jobs.model import Job, Progress
from jobs.stores.jobs import JobStore

_BETWEEN_S = 0.25

log = structlog.stdlib.get_logger(__name__)


class ProgressReporter:
    """Takes reports without waiting and writes the latest. It starts with the first report."""

    def __init__(self, *, jobs: JobStore, job: Job) -> None:
        self._jobs = jobs
        self._job = job
        self._latest: Progress | None = None
        self._writer: asyncio.Task[None] | None = None

    def report(self, progress: Progress) -> None:
        """Take note of where the job is. Must be called in the event loop."""
        self._latest = progress
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Stop, and leave the last report in the database."""
        if self._writer is None:
            return
        await cancel_until_ended([self._writer], again_s=_BETWEEN_S)
        await self._store()

    async def _write(self) -> None:
        while self._latest is not None:
            await self._store()
            await asyncio.sleep(_BETWEEN_S)

    async def _store(self) -> None:
        latest = self._latest
        if latest is None:
            return
        try:
            await self._jobs.note_progress(self._job, latest)
        except StoreUnavailableError as error:
            log.warning("progress_not_stored", job_id=self._job.id, reason=str(error))
        if self._latest is latest:
            self._latest = None
