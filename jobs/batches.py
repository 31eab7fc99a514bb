"""All that can be done with batches: submit one, look at it, cancel it, run once more what ended badly."""

from collections.abc import Sequence

import structlog

from jobs.audit import Action, Actor, Deed, Effect
from jobs.batch import Batch
from jobs.batch_check import BatchSubmission
from jobs.batch_once import IdempotentBatches
from jobs.batch_submit import BatchSubmitter, SubmittedBatch
from jobs.errors import ConflictError, NotFoundError, StoreUnavailableError
from jobs.ids import new_job_id
from jobs.model import Job
from jobs.once import Once
from jobs.registry import TaskTable
from jobs.stores.audit import note
from jobs.stores.batches import BatchStore
from jobs.stores.bulk import Bulk
from jobs.stores.database import Database
from jobs.stores.queue import MOST_AT_ONCE, Queue, Room
from jobs.submit import Submitter

log = structlog.stdlib.get_logger(__name__)


class Batches:
    """All calls raise StoreUnavailableError, those of one batch NotFoundError too, also for others' than `owner`'s."""

    def __init__(self, *, tasks: TaskTable, database: Database, queue: Queue, submitter: Submitter, once: Once) -> None:
        self._database = database
        self._batches = BatchStore(database)
        self._queue = queue
        self._admitter = submitter.admitter
        self._submitter = submitter
        self._new = BatchSubmitter(
            tasks=tasks,
            batches=self._batches,
            queue=queue,
            bulk=Bulk(queue, typical_s=submitter.typical_s),
            admitter=submitter.admitter,
        )
        self._new_once = IdempotentBatches(submitter=self._new, batches=self._batches, once=once)

    async def submit(self, asked: BatchSubmission, *, key: str | None) -> SubmittedBatch:
        """Accept a batch; under an idempotency key give what was answered first.

        Raises what `BatchSubmitter.submit` raises, and with a key also what `Once.do` does.
        """
        return await (self._new.submit(asked) if key is None else self._new_once.submit(asked, key=key))

    async def get(self, batch_id: str, *, owner: str | None) -> Batch:
        """Give a batch as far as the history is written, which is within a second in normal times."""
        batch = await self._batches.get(batch_id, owner=owner)
        if batch is None:
            raise NotFoundError(f"there is no batch {batch_id}")
        return batch

    async def cancel(self, batch_id: str, *, owner: str | None, by: Actor) -> Batch:
        """Cancel all its jobs that have not ended: those that wait at once, those that run within a second.

        Doing it again is no mistake. The wish is stored first: what Redis does not hear now it hears from a steward.
        """
        batch = await self.get(batch_id, owner=owner)
        async with self._database.transaction() as connection:
            runs, new = await self._batches.want_cancelled(batch_id, connection=connection)
            if new:
                deed = Deed.to_batch(batch, Action.BATCH_CANCEL, actor=by, jobs=new, effect=Effect.WANTED)
                await note(deed, connection=connection)
        try:
            for first in range(0, len(runs), MOST_AT_ONCE):
                await self._queue.cancel(runs[first : first + MOST_AT_ONCE])
        except StoreUnavailableError as error:
            log.warning("cancel_postponed", batch_id=batch_id, reason=str(error))
        return await self.get(batch_id, owner=owner)

    async def retry(self, batch_id: str, *, owner: str | None, by: Actor) -> Batch:
        """Run once more what has failed, was cancelled or has expired, as far as the history tells.

        The batch is open again until those have ended; what follows it does not come again. Raises ConflictError where
        there is nothing to retry, and QuotaError where not all of it may be accepted.
        """
        batch = await self.get(batch_id, owner=owner)
        jobs = await self._retriable(await self._batches.ended_badly(batch_id))
        room = Room(batch.owner, new_job_id(), len(jobs))  # two may retry it at once
        await self._admitter.admit_all(room)
        try:
            deed = Deed.to_batch(batch, Action.BATCH_RETRY, actor=by, jobs=len(jobs))
            retried = await self._submitter.rerun_all(jobs, deed)
        finally:
            await self._admitter.release_all(room)
        if not retried:
            raise ConflictError("it has no job that has failed, was cancelled or has expired, and can be retried")
        return await self.get(batch_id, owner=owner)

    async def _retriable(self, jobs: Sequence[Job]) -> Sequence[Job]:
        """Leave out those whose unique key has gone to another job."""
        names = {job.id: (job.task, job.owner, job.unique_key) for job in jobs if job.unique_key is not None}
        if not names:
            return jobs
        holders = await self._queue.holders(list(names.values()))
        return [job for job in jobs if names.get(job.id) not in holders]
