"""Jobs and tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NotRequired, TypedDict

State = Literal["accepted", "scheduled", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "expired"]
Durability = Literal["full", "redis", "postgres"]
Reason = Literal[
    "behind", "owner_limit", "paused", "not_due", "backoff", "no_worker", "unknown_task", "not_enqueued"
]  # fmt: skip
Outcome = Literal["never_started", "stopped", "finished_first", "stopping"]
Over = Literal["succeeded", "failed", "retrying", "cancelled", "lost", "handed_back"]

ENDS: Final[frozenset[State]] = frozenset({"succeeded", "failed", "cancelled", "expired"})


class Progress(TypedDict):
    """How far a job says it is; `total` is None while it cannot be told."""

    done: int
    total: int | None
    message: str


class Failure(TypedDict):
    """Why a job failed. Failures with one fingerprint share task, error type and place in the code."""

    type: str
    message: str
    fingerprint: str


class Waiting(TypedDict):
    """Why a job waits, where it stands (1: it is next) and when it may start; None where that cannot be told."""

    reason: Reason
    position: int | None
    estimated_start: str | None


class Job(TypedDict):
    """A job. `run` counts its generations, `tries` the starts within one.

    `request_id` and `trace_id` name the request that has led to this run, None where none has, and its W3C trace.
    """

    id: str
    task: str
    queue: str
    owner: str
    state: State
    priority: int
    args: Mapping[str, Any]
    tags: Sequence[str]
    unique_key: str | None
    batch_id: str | None
    run: int
    tries: int
    max_tries: int
    timeout_s: float
    accepted_at: str
    run_at: str | None
    started_at: str | None
    finished_at: str | None
    progress: Progress | None
    result: Any
    error: Failure | None
    waiting: Waiting | None
    durability: Durability
    request_id: str | None
    trace_id: str | None


_Numbered = TypedDict("_Numbered", {"try": int})  # a name that a class cannot give to a field


class Try(_Numbered):
    """One start of a job and what came of it; `outcome` is None while it goes on, the others where nobody knows."""

    run: int
    worker: str | None
    started_at: str | None
    finished_at: str | None
    outcome: Over | None
    error: Failure | None
    traceback: str | None


class TriedJob(Job):
    """A job with its tries, of all its runs."""

    attempts: Sequence[Try]


class Change(TypedDict, total=False):
    """What an event has changed of a job, each field under its name in Job; the first has all. `seq` rises."""

    id: str
    run: int
    seq: int
    state: State
    at: str
    tries: int
    task: str
    queue: str
    owner: str
    started_at: str | None
    finished_at: str | None
    progress: Progress | None
    result: Any
    error: Failure | None


class Cancellation(TypedDict):
    """What became of a wish to cancel, and the job as it is now."""

    outcome: Outcome
    job: Job


class Task(TypedDict):
    """What can be submitted: `args` is the JSON Schema (draft 2020-12) of its arguments."""

    name: str
    queue: str
    queues: Sequence[str]
    timeout_s: float
    max_tries: int
    args: Mapping[str, Any]


class JobOptions(TypedDict, total=False):
    """What may be said of a job beside its task and arguments. What is left out is what the task declares.

    `priority` is 1 to 10, 10 the most urgent, 5 by default. `delay_s` and `run_at` exclude each other; `expires_in_s`
    are the seconds after which it ends if it has not started. Of a task and `unique_key` one job is unfinished at most.
    """

    priority: int
    queue: str
    delay_s: float
    run_at: datetime
    timeout_s: float
    max_tries: int
    unique_key: str
    expires_in_s: float
    tags: Sequence[str]


class NewJob(JobOptions):
    """A job to be submitted in a batch."""

    task: str
    args: NotRequired[Mapping[str, Any]]


class JobFilter(TypedDict, total=False):
    """Which jobs are listed. `owner` is for administrators, others get their own; `batch` is a batch's id."""

    state: Sequence[State]
    queue: str
    task: str
    owner: str
    tag: str
    batch: str
    accepted_after: datetime
    accepted_before: datetime
