"""Accepting jobs: check, store in PostgreSQL, then put in Redis. What is stored will run, whatever happens next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from jobs.errors import ConflictError, InvalidInputError, Mistake, StoreUnavailableError
from jobs.ids import new_job_id
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, Job, State
from jobs.registry import LONGEST_TIMEOUT_S, Task, TaskTable
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Enqueued, Entry, Place, Queue

LONGEST_DELAY_S = 366 * 86_400.0
MOST_TRIES = 100
LONGEST_KEY = 200

_ENQUEUED = {Enqueued.QUEUED: State.QUEUED, Enqueued.SCHEDULED: State.SCHEDULED, Enqueued.KNOWN: State.QUEUED}

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a submitter asks for. None means what the task declares; `delay_s` and `run_at` exclude each other.

    With `unique_key` an unfinished job of the same owner, task and key takes the place of a new one. After
    `expires_in_s` seconds from acceptance a job that waits ends as expired.
    """

    task: str
    args: Mapping[str, Any]
    owner: str
    priority: int = DEFAULT_PRIORITY
    queue: str | None = None
    delay_s: float | None = None
    run_at: datetime | None = None
    timeout_s: float | None = None
    max_tries: int | None = None
    unique_key: str | None = None
    expires_in_s: float | None = None
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a submission led to: a new job, or the one that has its unique key."""

    job: Job
    is_new: bool


class Submitter:
    """The one way in for jobs."""

    def __init__(self, *, tasks: TaskTable, database: Database, jobs: JobStore, queue: Queue, turn_s: float) -> None:
        """Take a task to run for `turn_s` seconds where it neither says so nor was measured."""
        self._tasks = tasks
        self._database = database
        self._jobs = jobs
        self._queue = queue
        self._turn_s = turn_s

    async def submit(self, submission: Submission) -> Submitted:
        """Accept a job. Raises InvalidInputError, or StoreUnavailableError where PostgreSQL is away."""
        wanted = self._checked(submission)
        if holder := await self._holder(wanted):
            return Submitted(job=holder, is_new=False)
        async with self._database.transaction() as connection:
            job = await self._jobs.insert(wanted, connection=connection)
        place = await self._place(job)
        if place is not None and place.holder is not None:  # somebody was faster
            await self._jobs.withdraw(job.id)
            if holder := await self._jobs.get(place.holder):
                return Submitted(job=await self._queue.live(holder), is_new=False)
            raise StoreUnavailableError(f"job {place.holder}, which has this unique key, is not in PostgreSQL yet")
        return Submitted(job=_placed(job, place), is_new=True)

    async def accept(self, submission: Submission, *, connection: Connection) -> Job:
        """Check and store a job in the caller's transaction; he calls `enqueue` once it is committed."""
        return await self._jobs.insert(self._checked(submission), connection=connection)

    async def enqueue(self, job: Job) -> Job:
        """Put a stored job in line. While Redis is away it stays `accepted` and is put there later."""
        return _placed(job, await self._place(job))

    async def rerun(self, job: Job) -> Job:
        """Accept a job that has failed, was cancelled or has expired once more: a new run, its tries counted anew.

        Raises ConflictError for any other, and where its unique key has gone to another job.
        """
        if job.unique_key is not None and (holder := await self._queue.holder(job.task, job.owner, job.unique_key)):
            raise ConflictError(f"job {holder} has the same unique key; wait for its end, or cancel it")
        accepted = await self._jobs.rerun(job)
        if accepted is None:
            raise ConflictError("only a job that has failed, was cancelled or has expired can be retried")
        return await self.enqueue(accepted)

    async def _holder(self, wanted: NewJob) -> Job | None:
        """Find who has the unique key: Redis knows while it is up, else PostgreSQL as far as its history goes."""
        if wanted.unique_key is None:
            return None
        name = (wanted.task, wanted.owner, wanted.unique_key)
        try:
            holder = await self._queue.holder(*name)
            job = None if holder is None else await self._jobs.get(holder)
            return None if job is None else await self._queue.live(job)
        except StoreUnavailableError:
            return await self._jobs.of_name(*name)

    async def _place(self, job: Job) -> Place | None:
        try:
            (place,) = await self._queue.enqueue([Entry(job=job, typical_s=self._typical_s(job.task))])
        except StoreUnavailableError as error:
            log.warning("job_not_enqueued", job_id=job.id, reason=str(error))
            return None
        return place

    def _typical_s(self, task: str) -> float:
        declared = self._tasks[task].typical_s if task in self._tasks else None
        return self._turn_s if declared is None else declared

    def _checked(self, submission: Submission) -> NewJob:
        task = self._tasks.get(submission.task)
        if task is None:
            known = ", ".join(sorted(self._tasks))
            raise InvalidInputError(
                [Mistake(pointer="/task", detail=f"there is no task {submission.task!r}; there are: {known}")]
            )
        mistakes = _mistakes(submission, task)
        try:
            args = task.arguments.check(submission.args)
        except InvalidInputError as error:
            mistakes += error.mistakes
        if mistakes:
            raise InvalidInputError(mistakes)
        return NewJob(
            id=new_job_id(),
            task=task.name,
            queue=submission.queue or task.queue,
            owner=submission.owner,
            priority=submission.priority,
            args=args,
            tags=submission.tags,
            max_tries=submission.max_tries or task.max_tries,
            timeout_s=submission.timeout_s or task.timeout_s,
            run_at=submission.run_at,
            delay_s=submission.delay_s,
            unique_key=submission.unique_key,
            expires_in_s=submission.expires_in_s,
        )


def _placed(job: Job, place: Place | None) -> Job:
    return job if place is None else replace(job, state=_ENQUEUED.get(place.answer, job.state))


def _mistakes(submission: Submission, task: Task) -> list[Mistake]:
    """Find what is wrong beside the arguments: a pure list of rules, each with its field and its mend."""
    delay, run_at, timeout, tries, key, expires = (
        submission.delay_s,
        submission.run_at,
        submission.timeout_s,
        submission.max_tries,
        submission.unique_key,
        submission.expires_in_s,
    )
    latest = datetime.now(UTC) + timedelta(seconds=LONGEST_DELAY_S)
    rules = (
        (
            "/queue",
            submission.queue is not None and submission.queue not in task.queues,
            f"task {task.name} runs on: {', '.join(task.queues)}",
        ),
        (
            "/priority",
            not LOWEST_PRIORITY <= submission.priority <= HIGHEST_PRIORITY,
            f"must be from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}; {HIGHEST_PRIORITY} is the most urgent",
        ),
        ("/run_at", run_at is not None and delay is not None, "give either run_at or delay_s"),
        ("/run_at", run_at is not None and run_at.tzinfo is None, "needs an offset or Z"),
        ("/run_at", run_at is not None and run_at.tzinfo is not None and run_at > latest, "is over a year away"),
        (
            "/delay_s",
            delay is not None and not 0 <= delay <= LONGEST_DELAY_S,
            f"must be from 0 to {LONGEST_DELAY_S:.0f}",
        ),
        (
            "/timeout_s",
            timeout is not None and not 0 < timeout <= LONGEST_TIMEOUT_S,
            f"must be above 0 and at most {LONGEST_TIMEOUT_S:.0f}",
        ),
        (
            "/unique_key",
            key is not None and (not 1 <= len(key) <= LONGEST_KEY or "\x00" in key),
            f"must be of 1 to {LONGEST_KEY} characters, without NUL",
        ),
        (
            "/expires_in_s",
            expires is not None and not 0 < expires <= LONGEST_DELAY_S,
            f"must be above 0 and at most {LONGEST_DELAY_S:.0f}",
        ),
        ("/max_tries", tries is not None and not 1 <= tries <= MOST_TRIES, f"must be from 1 to {MOST_TRIES}"),
    )
    return [Mistake(pointer=pointer, detail=detail) for pointer, is_wrong, detail in rules if is_wrong]
