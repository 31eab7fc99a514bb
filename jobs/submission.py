"""What a submitter asks for, checked against the task that is to do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from jobs.errors import InvalidInputError, Mistake
from jobs.ids import new_job_id
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, SYSTEM_OWNERS
from jobs.origin import current_origin
from jobs.registry import LONGEST_TIMEOUT_S, Task, TaskTable
from jobs.stores.jobs import NewJob

LONGEST_DELAY_S = 366 * 86_400.0
MOST_TRIES = 100
LONGEST_KEY = 200
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

# Made once: a submission that is right needs none of them.
_PRIORITY = f"must be from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}; {HIGHEST_PRIORITY} is the most urgent"
_DELAY = f"must be from 0 to {LONGEST_DELAY_S:.0f}"
_TIMEOUT = f"must be above 0 and at most {LONGEST_TIMEOUT_S:.0f}"
_EXPIRES = f"must be above 0 and at most {LONGEST_DELAY_S:.0f}"
_KEY = f"must be of 1 to {LONGEST_KEY} characters, without NUL"
_TRIES = f"must be from 1 to {MOST_TRIES}"


class Asked(Protocol):
    """A submission without its owner: what a `Submission` says of the job."""

    @property
    def task(self) -> str:
        """Which task."""

    @property
    def args(self) -> Mapping[str, Any]:
        """Its arguments."""

    @property
    def priority(self) -> int:
        """How urgent it is."""

    @property
    def queue(self) -> str | None:
        """Where it is to wait."""

    @property
    def delay_s(self) -> float | None:
        """How long after acceptance it is due."""

    @property
    def run_at(self) -> datetime | None:
        """When it is due."""

    @property
    def timeout_s(self) -> float | None:
        """How long a try may take."""

    @property
    def max_tries(self) -> int | None:
        """How often it may be tried."""

    @property
    def unique_key(self) -> str | None:
        """What it shares with no other unfinished job."""

    @property
    def expires_in_s(self) -> float | None:
        """How long it may wait."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What it can be found by."""


@dataclass(slots=True, kw_only=True)  # to freeze it would take three times as long
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
    task = known_task(submission.task, tasks, owner=submission.owner)
    mistakes = mistakes_in(submission, task)
    try:
        args = task.arguments.check(submission.args)
    except InvalidInputError as error:
        mistakes += error.mistakes
    if mistakes:
        raise InvalidInputError(mistakes)
    return new_job(submission, task, owner=submission.owner, args=args)


def known_task(name: str, tasks: TaskTable, *, owner: str) -> Task:
    """Give the task of this name, if this owner may submit it. Raises InvalidInputError."""
    task = tasks.get(name)
    if task is None:
        known = ", ".join(sorted(name for name, known in tasks.items() if not known.system_only))
        raise InvalidInputError([Mistake(pointer="/task", detail=f"there is no task {name!r}; there are: {known}")])
    if task.system_only and owner not in SYSTEM_OWNERS:
        detail = f"{name} runs on its schedule only; an administrator runs that out of turn"
        raise InvalidInputError([Mistake(pointer="/task", detail=detail)])
    return task


def new_job(asked: Asked, task: Task, *, owner: str, args: Mapping[str, Any]) -> NewJob:
    """Give the job that is to be accepted; what is not asked for is what the task declares."""
    return NewJob(
        id=new_job_id(),
        task=task.name,
        queue=asked.queue or task.queue,
        owner=owner,
        priority=asked.priority,
        args=args,
        tags=asked.tags,
        max_tries=asked.max_tries or task.max_tries,
        timeout_s=asked.timeout_s or task.timeout_s,
        run_at=asked.run_at,
        delay_s=asked.delay_s,
        unique_key=asked.unique_key,
        expires_in_s=asked.expires_in_s,
        origin=current_origin(),
    )


def mistakes_in(asked: Asked, task: Task) -> list[Mistake]:
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
        ("/run_at", run_at is not None and run_at.tzinfo is not None and run_at < _EARLIEST, "is before 1970"),
        ("/delay_s", delay is not None and not 0 <= delay <= LONGEST_DELAY_S, _DELAY),
        ("/timeout_s", timeout is not None and not 0 < timeout <= LONGEST_TIMEOUT_S, _TIMEOUT),
        ("/unique_key", key is not None and (not 1 <= len(key) <= LONGEST_KEY or "\x00" in key), _KEY),
        ("/expires_in_s", expires is not None and not 0 < expires <= LONGEST_DELAY_S, _EXPIRES),
        ("/max_tries", tries is not None and not 1 <= tries <= MOST_TRIES, _TRIES),
    )
    return [Mistake(pointer=pointer, detail=detail) for pointer, is_wrong, detail in rules if is_wrong]


def _latest() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=LONGEST_DELAY_S)
