"""What can be done with a batch once it is accepted: look at it, cancel it, run once more what ended badly."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from jobs.admit import Admitter
from jobs.audit import Action, Actor, Deed, Effect
from jobs.batch import Batch
from jobs.errors import ConflictError, NotFoundError, StoreUnavailableError
from jobs.group_commit import GroupCommit
from jobs.ids import new_job_id
from jobs.members import Roll
from jobs.model import Job
from jobs.stores.batches import BatchPage, BatchStore
from jobs.stores.listing import Place
from jobs.stores.queue import MOST_AT_ONCE, Queue, Room
from jobs.submit import Submitter

_LOOKS_AT_ONCE = 100

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBatch:
    """A batch, and its first jobs that have not ended as they were when Redis had given out this version.

    None: Redis is away.
    """

    batch: Batch
    jobs: Sequence[Job]
    version: int | None


class Batches:
    """All calls raise NotFoundError, also for batches of others than `owner`, and StoreUnavailableError."""

    def __init__(self, *, batches: BatchStore, queue: Queue, admitter: Admitter, submitter: Submitter) -> None:
        self._batches = batches
        self._queue = queue
        self._admitter = admitter
        self._submitter = submitter
        self._looks: GroupCommit[str, Batch | None] = GroupCommit(self._look_at_all, most=_LOOKS_AT_ONCE, abreast=1)

    async def get(self, batch_id: str, *, owner: str | None) -> Batch:
        """Give a batch as far as the history is written, which is within a second in normal times."""
        batch = await self._batches.get(batch_id, owner=owner)
        if batch is None:
            raise NotFoundError(f"there is no batch {batch_id}")
        return batch

    async def page(self, *, owner: str | None, after: Place | None, limit: int) -> BatchPage:
        """Give up to `limit` batches, newest first; `owner` None means everybody's."""
        return await self._batches.page(owner=owner, after=after, limit=limit)

    async def find(self, batch_id: str) -> Batch | None:
        """Give a batch, or None, whoever asks: many who follow one batch ask at the same moment, and by one query."""
        return await self._looks.join(batch_id)

    async def roll(self, batch_id: str) -> Roll:
        """Give the ids of the jobs of a batch."""
        return Roll(batch_id=batch_id, job_ids=await self._batches.members(batch_id))

    async def look(self, batch_id: str, *, most: int) -> SeenBatch | None:
        """Give a batch, or None, and so many of its unfinished jobs."""
        batch = await self.find(batch_id)
        if batch is None:
            return None
        unfinished = await self._batches.first_unfinished(batch_id, limit=most)
        try:
            jobs, version = await self._queue.live_all(unfinished)
        except StoreUnavailableError:
            return SeenBatch(batch=batch, jobs=(), version=None)
        return SeenBatch(batch=batch, jobs=jobs, version=version)

    async def cancel(self, batch_id: str, *, owner: str | None, by: Actor) -> Batch:
        """Cancel all its jobs that have not ended: those that wait at once, those that run within a second.

        Doing it again is no mistake. The wish is stored first: what Redis does not hear now it hears from a steward.
        """
        batch = await self.get(batch_id, owner=owner)
        runs = await self._batches.want_cancelled(batch_id, _deed(batch, Action.BATCH_CANCEL, by, Effect.WANTED))
        try:
            for first in range(0, len(runs), MOST_AT_ONCE):
                await self._queue.cancel(runs[first : first + MOST_AT_ONCE])
        except StoreUnavailableError as error:
            log.warning("cancel_postponed", batch=batch_id, reason=str(error))
        return await self.get(batch_id, owner=owner)

    async def retry(self, batch_id: str, *, owner: str | None, by: Actor) -> Batch:
        """Run once more what has failed, was cancelled or has expired, as far as the history tells.

        The batch is open again until those have ended; what follows it does not come again. Raises ConflictError where
        there is nothing to retry, and QuotaError where not all of it may be accepted.
        """
        batch = await self.get(batch_id, owner=owner)
        jobs = await self._retriable(await self._batches.ended_badly(batch_id))
        if not jobs:
            raise ConflictError("it has no job that has failed, was cancelled or has expired, and can be retried")
        room = Room(batch.owner, new_job_id(), len(jobs))  # two may retry it at once
        if not await self._admitter.admit_all(room):
            await self._admitter.count_all(room)
        deed = _deed(batch, Action.BATCH_RETRY, by, Effect.DONE)
        try:
            for first in range(0, len(jobs), MOST_AT_ONCE):
                await self._submitter.rerun_all(jobs[first : first + MOST_AT_ONCE], deed, room=room)
        finally:
            await self._admitter.release_all(room)
        return await self.get(batch_id, owner=owner)

    async def _look_at_all(self, batch_ids: Sequence[str]) -> Sequence[Batch | None]:
        found = await self._batches.get_all(sorted(set(batch_ids)))
        return [found.get(batch_id) for batch_id in batch_ids]

    async def _retriable(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Leave out those whose unique key has gone to another job."""
        names = {job.id: (job.task, job.owner, job.unique_key) for job in jobs if job.unique_key is not None}
        if not names:
            return jobs
        holders = await self._queue.holders(list(names.values()))
        return [job for job in jobs if names.get(job.id) not in holders]


def _deed(batch: Batch, action: Action, by: Actor, effect: Effect) -> Deed:
    details = {"name": batch.name, "owner": batch.owner}
    return Deed(actor=by, action=action, object_id=batch.id, effect=effect, details=details)
