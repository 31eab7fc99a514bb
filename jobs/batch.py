"""What a batch is: jobs that were accepted together, and how they do as one. No behaviour, no storage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from jobs.model import State

MOST_JOBS = 10_000
LONGEST_NAME = 200


class BatchState(StrEnum):
    """A word for how a batch does."""

    RUNNING = "running"  # not all of its jobs have ended
    SUCCEEDED = "succeeded"  # all have
    PARTIAL = "partial"  # some have, others ended otherwise
    FAILED = "failed"  # none has
    CANCELLED = "cancelled"  # all were


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Jobs that were accepted together.

    `total` is how many they are, `counts` how many of them are in which state. `finished_at` is when the last has
    ended; a retry takes it away again. The job `on_complete_job_id` is made once, when all have ended for the first
    time; it is none of them.
    """

    id: str
    owner: str
    name: str | None
    total: int
    counts: Mapping[State, int]
    created_at: datetime
    finished_at: datetime | None = None
    on_complete_job_id: str | None = None

    @property
    def state(self) -> BatchState:
        """Say how the batch does as a whole."""
        if self.finished_at is None:
            return BatchState.RUNNING
        if self.counts.get(State.SUCCEEDED):
            return BatchState.SUCCEEDED if self.counts[State.SUCCEEDED] == self.total else BatchState.PARTIAL
        return BatchState.CANCELLED if self.counts.get(State.CANCELLED) == self.total else BatchState.FAILED
