"""What a job is: its record, its states and the error that ended it. No behaviour, no storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

DEFAULT_PRIORITY = 5
LOWEST_PRIORITY = 1
HIGHEST_PRIORITY = 10

STOCK_OWNER = "arq"  # of the jobs of stock arq clients
SYSTEM_OWNERS = frozenset({"system", STOCK_OWNER})


class State(StrEnum):
    """A word for each place in a job's life."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    RETRYING = "retrying"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Outcome(StrEnum):
    """What became of a wish to cancel a job."""

    NEVER_STARTED = "never_started"
    STOPPED = "stopped"
    FINISHED_FIRST = "finished_first"
    STOPPING = "stopping"  # it was told, and has not ended yet


class Over(StrEnum):
    """How a try ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # and no other follows
    RETRYING = "retrying"  # it failed, and another follows
    CANCELLED = "cancelled"
    LOST = "lost"  # its worker fell silent, or Redis lost it
    HANDED_BACK = "handed_back"  # its worker stopped


class Reason(StrEnum):
    """Why a job waits."""

    BEHIND = "behind"  # others come first
    OWNER_LIMIT = "owner_limit"  # as many of its owner's run as may
    PAUSED = "paused"  # its queue rests
    NOT_DUE = "not_due"
    BACKOFF = "backoff"  # it has failed, and is tried again later
    NO_WORKER = "no_worker"  # nobody serves its queue
    UNKNOWN_TASK = "unknown_task"  # nobody who serves its queue knows its task
    NOT_ENQUEUED = "not_enqueued"  # Redis does not have it yet


class Durability(StrEnum):
    """Which stores hold a job that was accepted."""

    FULL = "full"
    REDIS = "redis"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a try failed. Failures with one fingerprint share task, error type and place in the code.

    `traceback` is kept with the try, not with its job; nothing where there is none.
    """

    type: str
    message: str
    fingerprint: str
    traceback: str = ""

    def as_mapping(self) -> dict[str, str]:
        """Give the failure as the API and the table show it: without the traceback."""
        return {"type": self.type, "message": self.message, "fingerprint": self.fingerprint}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a running job says it is. `total` is None while it cannot be told."""

    done: int
    total: int | None
    message: str

    def as_mapping(self) -> dict[str, Any]:
        """Give the progress as the API and the table show it."""
        return {"done": self.done, "total": self.total, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One start of a job and what came of it. `number` is the try's within its run; one that did not count has one too.

    None stands for what is not known, or not yet; an `outcome` of None for a try that goes on.
    """

    run: int
    fence: int
    number: int
    worker: str | None
    started_at: datetime | None
    finished_at: datetime | None
    outcome: Over | None
    error: Failure | None
    traceback: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Why a job waits, where it stands (1: it is next) and when it may start; None where that cannot be told."""

    reason: Reason
    position: int | None
    estimated_start: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """An idempotency key, and the print of what was submitted under it: hex digits.

    `is_claimed`: Redis has answered that nobody else has it. Else PostgreSQL alone can tell.
    """

    key: str
    print: str
    is_claimed: bool = True


class HeldUse(NamedTuple):
    """What was submitted under an idempotency key, and which job, or batch, it has led to."""

    print: str
    job_id: str


class KeptUse(NamedTuple):
    """An idempotency key that has led to a job, and what is left of its day."""

    owner: str
    key: str
    print: str
    job_id: str
    left_ms: int


@dataclass(slots=True, kw_only=True)  # to freeze it would take three times as long for each submission
class Job:
    """One accepted piece of work. Times are aware and in UTC; `timeout_s` is for one try.

    `run` counts generations (a retry by hand starts a new one), `tries` the starts within a run that were not the
    fault of a worker, `fence` rises with each start and tells a task's own writes which start is the latest; `worker`
    and `started_at` are that start's, None while the history has not heard of it. Of an
    owner and a task only one unfinished job may have a `unique_key`; one that has not started at `expires_at` ends.
    `batch_id` names the batch that it is of, or whose end it follows; a worker is not told. `origin` says which request
    has led to this run (jobs.origin). With `is_written` False PostgreSQL has no row of it yet: it was away; then `use`
    is the idempotency key, if there is one, that is to be written with it.
    """

    id: str
    task: str
    queue: str
    owner: str
    state: State
    priority: int
    args: Mapping[str, Any]
    tags: tuple[str, ...]
    run: int
    fence: int
    tries: int
    max_tries: int
    timeout_s: float
    accepted_at: datetime
    run_at: datetime | None
    expires_at: datetime | None = None
    unique_key: str | None = None
    batch_id: str | None = None
    origin: str | None = None
    cancel_requested_at: datetime | None = None
    started_at: datetime | None = None
    worker: str | None = None
    finished_at: datetime | None = None
    progress: Progress | None = None
    result: Any = None
    error: Failure | None = None
    is_written: bool = True
    use: KeyUse | None = None

    @property
    def durability(self) -> Durability:
        """Say where the job is kept: in PostgreSQL alone until Redis has it too, or the other way about."""
        if not self.is_written:
            return Durability.REDIS
        return Durability.POSTGRES if self.state is State.ACCEPTED else Durability.FULL
