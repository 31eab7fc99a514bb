"""Who did what, as words and records: what the audit log is made of. It stores nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from jobs.model import Job


class Action(StrEnum):
    """All that the log tells of: the type of the thing it is done to, a dot, and what is done."""

    QUEUE_PAUSE = "queue.pause"
    QUEUE_RESUME = "queue.resume"
    JOB_CANCEL = "job.cancel"
    JOB_RETRY = "job.retry"
    BATCH_CANCEL = "batch.cancel"
    BATCH_RETRY = "batch.retry"
    SCHEDULE_RUN = "schedule.run"
    RATE_LIMITS_CHANGE = "rate_limits.change"
    RATE_LIMITS_CLEAR = "rate_limits.clear"
    QUOTA_CHANGE = "quota.change"
    USER_CREATE = "user.create"
    USER_CHANGE = "user.change"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    SESSION_BEGIN = "session.begin"
    SESSION_REFUSE = "session.refuse"
    SESSION_END = "session.end"
    ROW_REPLAY = "row.replay"
    SHOP_CREATE = "shop.create"
    SHOP_CHANGE = "shop.change"
    SHOP_DELETE = "shop.delete"
    COMPONENT_VERSION_CREATE = "component_version.create"
    COMPONENT_VERSION_CHANGE = "component_version.change"
    CACHE_CLEAR = "cache.clear"


class Effect(StrEnum):
    """How far a deed had come when it was written down."""

    DONE = "done"
    WANTED = "wanted"  # the wish is kept; what became of it is told by the thing itself
    REFUSED = "refused"  # it was tried, and not allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: the owner name of an identity. `request_id` leads to the logs, `address` is where he called from."""

    name: str
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing that somebody does. `details` hold what is worth knowing once its object is gone."""

    actor: Actor
    action: Action
    object_id: str
    effect: Effect = Effect.DONE
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def to_job(cls, job: Job, action: Action, *, actor: Actor, effect: Effect = Effect.DONE) -> Self:
        """Give what is done to a job."""
        details = {"task": job.task, "queue": job.queue, "owner": job.owner, "run": job.run}
        return cls(actor=actor, action=action, object_id=job.id, effect=effect, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """A deed as it was written down. Its words are plain texts: another version may have written others."""

    id: int
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str | None
    address: str | None
    details: Mapping[str, Any]
