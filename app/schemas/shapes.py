"""What answers look like, as types: the type checker holds views to them, and the OpenAPI document is made from them.

A docstring here is what the document says. Times are RFC 3339 in UTC.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, NotRequired
from uuid import UUID

from typing_extensions import TypedDict

from jobs.model import Durability, Outcome, Reason, State
from jobs.tasks.data_sync.model import Domain, FileFormat, FileState, Granularity, Repeats, TemplateState


class MistakeView(TypedDict):
    """One wrong field: a JSON pointer (RFC 6901) to it, or a header's name, and what to do about it."""

    pointer: str
    detail: str


class ProblemView(TypedDict):
    """Why a request was not carried out (RFC 9457). It has changed nothing, unless its `detail` says so."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: NotRequired[Sequence[MistakeView]]


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
    """A job. `run` counts its generations, `tries` the starts within one."""

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


class QueueView(TypedDict):
    """How a queue does."""

    name: str
    paused: bool
    ready: int
    delayed: int
    parked: int
    quarantined: int
    running: int
    slots: int
    workers: int
    oldest_wait_s: float | None
    started_per_s: float


class QueueList(TypedDict):
    """All queues."""

    items: Sequence[QueueView]
    next_cursor: None


class PauseView(TypedDict):
    """Whether a queue rests."""

    name: str
    paused: bool


class CrewView(TypedDict):
    """What a worker does for one queue."""

    slots: int
    running: int


class WorkerView(TypedDict):
    """A worker process, as it said of itself within the last 15 seconds."""

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    queues: Mapping[str, CrewView]
    tasks: Sequence[str]


class WorkerList(TypedDict):
    """All worker processes that live."""

    items: Sequence[WorkerView]
    next_cursor: None


class DateRuleView(TypedDict):
    """Which field holds a row's date; `format` is a strptime format, null takes ISO-like dates."""

    field: str
    format: str | None


class TemplateView(TypedDict):
    """One version of the agreement on how a source's files look."""

    id: UUID
    platform: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    version: int
    state: TemplateState
    header_row: int
    fields: Sequence[str]
    key_fields: Sequence[str]
    required_fields: Sequence[str]
    date_rule: DateRuleView
    repeats: Repeats
    created_at: datetime


class TemplateList(TypedDict):
    """A page of templates, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[TemplateView]
    next_cursor: UUID | None


class FileView(TypedDict):
    """An uploaded file. The same bytes are one file."""

    id: UUID
    sha256: str
    name: str
    format: FileFormat
    size: int
    platform: str
    shop_id: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    date_from: date | None
    date_to: date | None
    owner: str
    state: FileState
    task_id: str | None
    last_error: str | None
    created_at: datetime


class SyncSubmittedView(TypedDict):
    """The job that syncs a file; `task_id` is its id."""

    task_id: str
    job: JobView


class FileCountsView(TypedDict):
    """What became of the files of a sync."""

    total: int
    processed: int
    succeeded: int
    failed: int
    skipped: int


class SyncErrorView(TypedDict):
    """Why a file was not loaded."""

    file_id: str
    file: str
    type: str
    message: str


class SyncView(TypedDict):
    """How far a sync is. `percent` is of the rows read; `quality` is null until it is measured."""

    task_id: str
    state: State
    files: FileCountsView
    rows: Mapping[str, int]
    percent: int
    current_file: str | None
    errors: Sequence[SyncErrorView]
    errors_total: int
    quality: None


class AliveView(TypedDict):
    """The process is alive."""

    status: Literal["alive"]


class ReadinessView(TypedDict):
    """Whether jobs can be accepted; `degraded` names what is away, or unfit."""

    status: Literal["ready", "draining", "unavailable"]
    degraded: Sequence[str]
