"""Jobs and tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired

from typing_extensions import TypedDict

from jobs.model import Durability, Outcome, Over, Reason, State


class ProgressView(TypedDict):
    """How far a job says it is; `total` is null while it cannot be told."""

    done: int
    total: int | None
    message: str


class FailureView(TypedDict):
    """Why a job failed. Failures with one fingerprint share task, error type and place in the code."""

    type: str
    message: str
    fingerprint: str


class WaitingView(TypedDict):
    """Why a job waits, where it stands (1: it is next) and when it may start; null where that cannot be told."""

    reason: Reason
    position: int | None
    estimated_start: datetime | None


class JobView(TypedDict):
    """A job. `run` counts its generations, `tries` the starts within one.

    `request_id` and `trace_id` name the request that has led to this run, null where none has, and its W3C trace.
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
    accepted_at: datetime
    run_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressView | None
    result: Any
    error: FailureView | None
    waiting: WaitingView | None
    durability: Durability
    request_id: str | None
    trace_id: str | None


_Numbered = TypedDict("_Numbered", {"try": int})  # a name that a class cannot give to a field


class TryView(_Numbered):
    """One start of a job and what came of it; `outcome` is null while it goes on, the others where nobody knows."""

    run: int
    worker: str | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Over | None
    error: FailureView | None
    traceback: str | None


class TriedJobView(JobView):
    """A job with its tries, of all its runs."""

    attempts: Sequence[TryView]


class JobList(TypedDict):
    """A page of jobs, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[JobView]
    next_cursor: str | None


class ChangeView(TypedDict):
    """What an event has changed of a job, each field under its name in JobView. `seq` rises with each state."""

    id: str
    run: int
    seq: NotRequired[int]
    state: NotRequired[State]
    at: NotRequired[datetime]
    tries: NotRequired[int]
    task: NotRequired[str]
    queue: NotRequired[str]
    owner: NotRequired[str]
    started_at: NotRequired[datetime | None]
    finished_at: NotRequired[datetime | None]
    progress: NotRequired[object]
    result: NotRequired[object]
    error: NotRequired[object]


class CancellationView(TypedDict):
    """What became of a wish to cancel, and the job as it is now."""

    outcome: Outcome
    job: JobView


class TaskView(TypedDict):
    """What can be submitted: `args` is the JSON Schema (draft 2020-12) of its arguments."""

    name: str
    queue: str
    queues: Sequence[str]
    timeout_s: float
    max_tries: int
    args: Mapping[str, Any]


class TaskList(TypedDict):
    """All tasks."""

    items: Sequence[TaskView]
    next_cursor: None
