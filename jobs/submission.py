"""What a submitter asks for, checked against the task that is to do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.errors import InvalidInputError, Mistake
from jobs.ids import new_job_id
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
from jobs.registry import LONGEST_TIMEOUT_S, Task, TaskTable
from jobs.stores.jobs import NewJob

LONGEST_DELAY_S = 366 * 86_400.0
MOST_TRIES = 100
LONGEST_KEY = 200

# Made once: a submission that is right needs none of them.
_PRIORITY = f"must be from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}; {HIGHEST_PRIORITY} is the most urgent"
_DELAY = f"must be from 0 to {LONGEST_DELAY_S:.0f}"
_TIMEOUT = f"must be above 0 and at most {LONGEST_TIMEOUT_S:.0f}"
_EXPIRES = f"must be above 0 and at most {LONGEST_DELAY_S:.0f}"
_KEY = f"must be of 1 to {LONGEST_KEY} characters, without NUL"
_TRIES = f"must be from 1 to {MOST_TRIES}"


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


def checked(submission: Submission, tasks: TaskTable) -> NewJob:
    """Make it a job to be accepted, under a new id. Raises InvalidInputError."""
    task = tasks.get(submission.task)
    if task is None:
        known = ", ".join(sorted(tasks))
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


def _mistakes(asked: Submission, task: Task) -> list[Mistake]:
    """Find what is wrong beside the arguments: a pure list of rules, each with its field and its mend."""
    delay, run_at, timeout, tries = asked.delay_s, asked.run_at, asked.timeout_s, asked.max_tries
    key, expires = asked.unique_key, asked.expires_in_s
    rules = (
        (
            "/queue",
            asked.queue is not None and asked.queue not in task.queues,
            f"task {task.name} runs on: {', '.join(task.queues)}",
        ),
        ("/priority", not LOWEST_PRIORITY <= asked.priority <= HIGHEST_PRIORITY, _PRIORITY),
        ("/run_at", run_at is not None and delay is not None, "give either run_at or delay_s"),
        ("/run_at", run_at is not None and run_at.tzinfo is None, "needs an offset or Z"),
        ("/run_at", run_at is not None and run_at.tzinfo is not None and run_at > _latest(), "is over a year away"),
        ("/delay_s", delay is not None and not 0 <= delay <= LONGEST_DELAY_S, _DELAY),
        ("/timeout_s", timeout is not None and not 0 < timeout <= LONGEST_TIMEOUT_S, _TIMEOUT),
        ("/unique_key", key is not None and (not 1 <= len(key) <= LONGEST_KEY or "\x00" in key), _KEY),
        ("/expires_in_s", expires is not None and not 0 < expires <= LONGEST_DELAY_S, _EXPIRES),
        ("/max_tries", tries is not None and not 1 <= tries <= MOST_TRIES, _TRIES),
    )
    return [Mistake(pointer=pointer, detail=detail) for pointer, is_wrong, detail in rules if is_wrong]


def _latest() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=LONGEST_DELAY_S)
