"""Cancelling jobs: the wish is kept in PostgreSQL, so that it outlives whatever happens to Redis or a worker."""

from dataclasses import dataclass

import structlog

from jobs.audit import Action, Actor, Deed, Effect
from jobs.errors import NotFoundError, StoreUnavailableError
from jobs.lifecycle import is_end
from jobs.model import Job, Outcome, State
from jobs.stores.audit import note
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Cancelled, Queue
from jobs.wait import EndWaiter

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """What became of a wish to cancel, and the job as it is now."""

    outcome: Outcome
    job: Job


class Canceller:
    """The one way to stop a job."""

    def __init__(self, *, database: Database, jobs: JobStore, queue: Queue, waiter: EndWaiter) -> None:
        self._database = database
        self._jobs = jobs
        self._queue = queue
        self._waiter = waiter

    async def cancel(self, job_id: str, *, owner: str | None, wait_s: float, by: Actor) -> Cancellation:
        """Cancel a job: at once where it waits; where it runs, wait `wait_s` seconds for what becomes of it.

        Doing it again is no mistake. Raises NotFoundError, also for jobs of others than `owner`, and
        StoreUnavailableError where PostgreSQL is away, or has not been told of the job yet: it was away.
        """
        job = await self._wanted(job_id, owner=owner, by=by)
        if job is None:
            job = await self._seen(job_id, owner=owner, wait_s=0)
            if not is_end(job.state):
                raise StoreUnavailableError(f"job {job_id} is not in PostgreSQL yet")
            return _judged(job)
        try:
            (answer,) = await self._queue.cancel([job])
        except StoreUnavailableError as error:
            log.warning("cancel_postponed", job=job_id, reason=str(error))
            return Cancellation(outcome=Outcome.STOPPING, job=job)
        waits = answer in {Cancelled.ASKED, Cancelled.ENDED}
        job = await self._seen(job_id, owner=owner, wait_s=wait_s if waits else 0)
        if answer is Cancelled.CANCELLED:
            return Cancellation(outcome=Outcome.NEVER_STARTED, job=job)
        if answer is Cancelled.STOPPED:
            return Cancellation(outcome=Outcome.STOPPED, job=job)
        return _judged(job)

    async def _wanted(self, job_id: str, *, owner: str | None, by: Actor) -> Job | None:
        """Keep the wish, and write down who had it first; None where there is no such unfinished job."""
        async with self._database.transaction() as connection:
            wish = await self._jobs.want_cancelled(job_id, owner=owner, connection=connection)
            if wish is None:
                return None
            if wish.is_new:
                deed = Deed.to_job(wish.job, Action.JOB_CANCEL, actor=by, effect=Effect.WANTED)
                await note(deed, connection=connection)
            return wish.job

    async def _seen(self, job_id: str, *, owner: str | None, wait_s: float) -> Job:
        job = await self._waiter.wait(job_id, owner=owner, wait_s=wait_s)
        if job is None:
            raise NotFoundError(f"there is no job {job_id}")
        return job


def _judged(job: Job) -> Cancellation:
    if not is_end(job.state):
        outcome = Outcome.STOPPING
    elif job.state is not State.CANCELLED:
        outcome = Outcome.FINISHED_FIRST
    else:
        # Where its start has not been written down yet, its fence tells that it had one.
        has_started = job.started_at is not None or job.fence > 0
        outcome = Outcome.STOPPED if has_started else Outcome.NEVER_STARTED
    return Cancellation(outcome=outcome, job=job)
