"""Accepting jobs: check, store in PostgreSQL, then put in Redis. What is stored will run, whatever happens next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from jobs.errors import InvalidInputError, Mistake, StoreUnavailableError
from jobs.ids import new_job_id
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, Job, State
from jobs.registry import LONGEST_TIMEOUT_S, Task, TaskTable
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Enqueued, Entry, Queue

LONGEST_DELAY_S = 366 * 86_400.0
MOST_TRIES = 100

_ENQUEUED = {Enqueued.QUEUED: State.QUEUED, Enqueued.SCHEDULED: State.SCHEDULED, Enqueued.KNOWN: State.QUEUED}

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a submitter asks for. None means what the task declares; `delay_s` and `run_at` exclude each other."""

    task: str
    args: Mapping[str, Any]
    owner: str
    priority: int = DEFAULT_PRIORITY
    queue: str | None = None
    delay_s: float | None = None
    run_at: datetime | None = None
    timeout_s: float | None = None
    max_tries: int | None = None
    tags: tuple[str, ...] = field(default=())


class Submitter:
    """The one way in for jobs."""

    def __init__(self, *, tasks: TaskTable, database: Database, jobs: JobStore, queue: Queue, turn_s: float) -> None:
        """Take a task to run for `turn_s` seconds where it neither says so nor was measured."""
        self._tasks = tasks
        self._database = database
        self._jobs = jobs
        self._queue = queue
        self._turn_s = turn_s

    async def submit(self, submission: Submission) -> Job:
        """Accept a job. Raises InvalidInputError, or StoreUnavailableError where PostgreSQL is away."""
        async with self._database.transaction() as connection:
            job = await self.accept(submission, connection=connection)
        return await self.enqueue(job)

    async def accept(self, submission: Submission, *, connection: Connection) -> Job:
        """Check and store a job in the caller's transaction; he calls `enqueue` once it is committed."""
        return await self._jobs.insert(self._checked(submission), connection=connection)

    async def enqueue(self, job: Job) -> Job:
        """Put a stored job in line. While Redis is away it stays `accepted` and is put there later."""
        try:
            answers = await self._queue.enqueue([Entry(job=job, typical_s=self._typical_s(job.task))])
        except StoreUnavailableError as error:
            log.warning("job_not_enqueued", job_id=job.id, reason=str(error))
            return job
        return replace(job, state=_ENQUEUED.get(answers[0], job.state))

    async def enqueue_again(self, jobs: Sequence[Job], *, issued_ms: int) -> int:
        """Put up to 200 stored jobs in line that may be there already; give of how many that is known now.

        `issued_ms` is Redis' time as of which they were looked up; the queue takes none that is over a minute old.
        Raises StoreUnavailableError.
        """
        entries = [Entry(job=job, typical_s=self._typical_s(job.task), is_new=False) for job in jobs]
        answers = await self._queue.enqueue(entries, issued_ms=issued_ms)
        known = [job.id for job, answer in zip(jobs, answers, strict=True) if answer is not Enqueued.OLD]
        await self._jobs.mark_enqueued(known)
        return len(known)

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
        )


def _mistakes(submission: Submission, task: Task) -> list[Mistake]:
    """Find what is wrong beside the arguments: a pure list of rules, each with its field and its mend."""
    delay, run_at, timeout, tries = (
        submission.delay_s,
        submission.run_at,
        submission.timeout_s,
        submission.max_tries,
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
        ("/max_tries", tries is not None and not 1 <= tries <= MOST_TRIES, f"must be from 1 to {MOST_TRIES}"),
    )
    return [Mistake(pointer=pointer, detail=detail) for pointer, is_wrong, detail in rules if is_wrong]
