"""What a stream tells, as records. Which stream tells what is in app/docs/guide/events.md."""

import json
from dataclasses import dataclass
from typing import Any

from app.client.errors import ForeignAnswerError
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import ENDS, Change
from app.client.sse import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """A job as it is, or those of its fields that have changed: lay them over what is known, `{**job, **change}`."""

    id: str | None
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEvent:
    """How far a job says it is, under `progress`. Nobody comes back to it: it has no id."""

    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEvent:
    """A batch as a whole, with its counts."""

    id: str | None
    batch: Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetEvent:
    """What was told before counts no more; what follows does.

    `reason` is `unknown`, `lost` or `too_many`: then there are too many unfinished jobs to be shown, and `instead` is
    the path of their list.
    """

    id: str | None
    reason: str
    instead: str | None


Event = JobEvent | ProgressEvent | BatchEvent | ResetEvent


def event_of(block: Block) -> Event | None:
    """Read an event; None for a block that is none, or that this client does not know. Raises ForeignAnswerError."""
    if block.data is None:
        return None
    try:
        data: Any = json.loads(block.data)
    except ValueError:
        raise ForeignAnswerError(f"an event {block.name!r} has no JSON") from None
    match block.name:
        case "job":
            return JobEvent(id=block.id, change=data)
        case "progress":
            return ProgressEvent(change=data)
        case "batch":
            return BatchEvent(id=block.id, batch=data)
        case "reset":
            return ResetEvent(id=block.id, reason=data["reason"], instead=data.get("instead"))
    return None


def ends_job(event: Event) -> bool:
    """Say whether it tells the end of the one job that is followed."""
    return isinstance(event, JobEvent) and event.change.get("state") in ENDS


def ends_batch(event: Event) -> bool:
    """Say whether it tells the end of the batch that is followed. Those of its jobs come before it."""
    return isinstance(event, BatchEvent) and event.batch["finished_at"] is not None
