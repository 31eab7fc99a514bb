"""What is known of one job, or of a batch and its jobs that run, by the events that were told. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from app.client import BatchEvent, Event, JobEvent, ProgressEvent, ResetEvent
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import ENDS, Change, Progress

_MOST = 8  # running jobs of a batch that are shown
_TAIL = 8  # of an id, which tells two jobs of a task apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A bar: `total` is None while it cannot be told. Two of one `key` are the same bar, later."""

    key: str
    label: str
    done: int
    total: int | None
    note: str


class Board:
    """The one job or batch of this id."""

    def __init__(self, thing_id: str, *, is_batch: bool) -> None:
        self.id = thing_id
        self.is_batch = is_batch
        self.batch: Batch | None = None
        self._jobs: dict[str, dict[str, Any]] = {}  # of a batch, those that run

    def take(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case JobEvent():
                self._change(event.change)
            case ProgressEvent():
                known = self._jobs.get(event.change["id"])
                if known is not None and known.get("run") == event.change["run"]:
                    known["progress"] = event.change["progress"]
            case BatchEvent():
                self.batch = event.batch
            case ResetEvent():
                self._jobs.clear()

    def job(self, job_id: str) -> Mapping[str, Any]:
        """Give what is known of a job, perhaps nothing."""
        return self._jobs.get(job_id, {})

    def lines(self) -> Sequence[Line]:
        """Give the bars: of the batch, and of its jobs that have been running longest; or of the one job."""
        jobs = list(self._jobs.values())[: _MOST if self.is_batch else 1]
        lines = [_line_of(job) for job in jobs]
        return lines if self.batch is None else [_line_of_batch(self.batch), *lines]

    def _change(self, change: Change) -> None:
        job_id = change["id"]
        known = self._jobs.pop(job_id, {})
        if known.get("run") != change["run"]:  # another generation: what the former one left counts no more
            known = {name: known[name] for name in ("task", "queue", "owner") if name in known}
        job = {**known, **cast("dict[str, Any]", change)}
        if not self.is_batch or job.get("state") == "running":
            self._jobs[job_id] = job


def counted(batch: Batch) -> str:
    """Say how many of a batch's jobs are in which state."""
    return ", ".join(f"{count} {state}" for state, count in batch["counts"].items() if count)


def _line_of(job: Mapping[str, Any]) -> Line:
    state: str = job.get("state", "")
    progress: Progress | None = job.get("progress")
    done, total, message = (progress["done"], progress["total"], progress["message"]) if progress else (0, None, "")
    if state in ENDS:
        done, total = (total or 1, total or 1) if state == "succeeded" else (done, total or 1)
        message = ""
    label = f"{job.get('task', 'job')} {job['id'][-_TAIL:]}"
    return Line(key=job["id"], label=label, done=done, total=total, note=message or state)


def _line_of_batch(batch: Batch) -> Line:
    ended = sum(count for state, count in batch["counts"].items() if state in ENDS)
    label = f"batch {batch['name'] or batch['id'][-_TAIL:]}"
    return Line(key=batch["id"], label=label, done=ended, total=batch["total"], note=counted(batch))
