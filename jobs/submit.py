"""The way in for jobs: they are checked, stored and put in line. What is stored will run, whatever happens next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jobs.accept import MOST_AT_ONCE, Accepted, Acceptor
from jobs.admit import Admitter, Limits
from jobs.audit import Action, Actor, Deed
from jobs.errors import ConflictError, KeyHeldError, StoreUnavailableError
from jobs.find import JobFinder
from jobs.group_commit import GroupCommit
from jobs.model import Job, KeyUse
from jobs.origin import current_origin
from jobs.outcome import superseded
from jobs.registry import TaskTable
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Queue, Room
from jobs.submission import Submission, checked

_NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a submission led to: a new job, or the one that has its unique key; `is_replayed`: once before."""

    job: Job
    is_new: bool
    is_replayed: bool = False


class Submitter:
    """The one way in for jobs."""

    def __init__(
        self,
        *,
        tasks: TaskTable,
        database: Database,
        jobs: JobStore,
        queue: Queue,
        turn_s: float,
        limits: Limits = _NO_LIMITS,
    ) -> None:
        """Take a task to run for `turn_s` seconds where it neither says so nor was measured."""
        self._tasks = tasks
        self._database = database
        self._jobs = jobs
        self._queue = queue
        self._turn_s = turn_s
        self._finder = JobFinder(jobs=jobs, queue=queue)
        self._admitter = Admitter(jobs=jobs, queue=queue, limits=limits)
        self._acceptor = Acceptor(
            database=database,
            jobs=jobs,
            queue=queue,
            admitter=self._admitter,
            typical_s=self._typical_s,
            patience_s=limits.patience_s,
        )
        self._group: GroupCommit[NewJob, Accepted] = GroupCommit(self._acceptor.accept, most=MOST_AT_ONCE)

    async def submit(
        self, submission: Submission, *, job_id: str | None = None, use: KeyUse | None = None
    ) -> Submitted:
        """Accept a job, under an id of the caller's where it has an idempotency key.

        Raises InvalidInputError, QuotaError, StoreUnavailableError where both stores are away, and KeyHeldError.
        """
        wanted = checked(submission, self._tasks)
        if job_id is not None:
            wanted = replace(wanted, id=job_id, use=use)
        holder = await self.holder(submission)
        if holder is not None and holder.id != wanted.id:  # else it comes again, and is known
            return Submitted(job=holder, is_new=False)
        accepted = await self._group.join(wanted)
        if accepted.holder is None:
            return Submitted(job=accepted.job, is_new=True)
        await self._withdraw(accepted.job)  # somebody was faster
        if holder := await self._finder.get(accepted.holder):
            return Submitted(job=holder, is_new=False)
        raise StoreUnavailableError(f"job {accepted.holder}, which has this unique key, is not in PostgreSQL yet")

    async def accept(self, submission: Submission, *, connection: Connection, job_id: str | None = None) -> Job:
        """Check and store a job in the caller's transaction; he calls `enqueue` once it is committed.

        Raises InvalidInputError, QuotaError, StoreUnavailableError and KeyHeldError.
        """
        wanted = checked(submission, self._tasks)
        if job_id is not None:
            wanted = replace(wanted, id=job_id)
        await self._admit(wanted, connection=connection)
        (job,) = await self._jobs.insert([wanted], connection=connection)
        if job is None:
            raise KeyHeldError("no job was stored")
        return job

    async def enqueue(self, job: Job) -> Job:
        """Put a stored job in line. While Redis is away it stays `accepted` and is put there later."""
        (accepted,) = await self._acceptor.line_up([job])
        return job if isinstance(accepted, Exception) else accepted.job

    async def holder(self, asked: Submission, *, connection: Connection | None = None) -> Job | None:
        """Find who has the unique key: Redis knows while it is up, else PostgreSQL as far as its history goes."""
        if asked.unique_key is None:
            return None
        name = (asked.task, asked.owner, asked.unique_key)
        try:
            holder = await self._queue.holder(*name)
        except StoreUnavailableError:
            return await self._jobs.of_name(*name, connection=connection)
        return None if holder is None else await self._finder.get(holder, connection=connection)

    async def rerun(self, job: Job, *, by: Actor) -> Job:
        """Accept a job that has failed, was cancelled or has expired once more: a new run, its tries counted anew.

        Raises ConflictError for any other, and where its unique key has gone to another job; QuotaError where its owner
        may not have one more.
        """
        if job.unique_key is not None and (holder := await self._queue.holder(job.task, job.owner, job.unique_key)):
            raise _held(holder)
        again: Job | None = None
        async with self._database.transaction() as connection:
            await self._admit(job, connection=connection)
            try:
                again = await self._again(job, by, connection)
            finally:
                if again is None:
                    await self._admitter.release([job])
        return again if again.unique_key is not None else await self.enqueue(again)

    async def rerun_all(self, jobs: Sequence[Job], deed: Deed, *, room: Room) -> None:
        """Do the same for up to 200 jobs at once; leave out what cannot be retried, or is not what it was any more.

        The deed is written down once, with how many jobs it has accepted. The caller has places for them in `room`, and
        releases what is left of it.
        """
        async with self._database.transaction() as connection:
            accepted = await self._jobs.rerun(jobs, origin=current_origin(), connection=connection)
            if not accepted:
                return
            await note(replace(deed, details={**deed.details, "jobs": len(accepted)}), connection=connection)
        for outcome in await self._acceptor.line_up(accepted, batch_id=room.batch_id):
            if isinstance(outcome, Accepted) and outcome.holder is not None:  # somebody was faster
                await self._jobs.supersede(outcome.job, superseded(outcome.job.task, outcome.holder))

    async def _admit(self, job: NewJob | Job, *, connection: Connection) -> None:
        (refusal,) = await self._admitter.admit([job], connection=connection)
        if refusal is not None:
            raise refusal

    async def _again(self, job: Job, by: Actor, connection: Connection) -> Job:
        accepted = await self._jobs.rerun([job], origin=current_origin(), connection=connection)
        if not accepted:
            raise ConflictError("only a job that has failed, was cancelled or has expired can be retried")
        await note(Deed.to_job(accepted[0], Action.JOB_RETRY, actor=by), connection=connection)
        if job.unique_key is not None:  # before the commit: one that is too late for its name keeps the end that it had
            await self._line_up_named(accepted)
        return accepted[0]

    async def _line_up_named(self, jobs: Sequence[Job]) -> None:
        for outcome in await self._acceptor.line_up(jobs):
            if isinstance(outcome, Accepted) and outcome.holder is not None:
                raise _held(outcome.holder)

    async def _withdraw(self, job: Job) -> None:
        """Take back what nobody was told of. PostgreSQL may still execute an INSERT that it did not answer in time."""
        if job.is_written:
            await self._jobs.withdraw(job.id)
        else:
            await self._queue.bar(job)

    def _typical_s(self, task: str) -> float:
        return self._tasks.typical_s(task, otherwise=self._turn_s)


def _held(holder: str) -> ConflictError:
    return ConflictError(f"job {holder} has the same unique key; wait for its end, or cancel it")
