"""Batches of jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import TypedDict

from jobs.batch import BatchState
from jobs.model import State


class BatchView(TypedDict):
    """Jobs that were submitted together. `counts` has the states that a job of it is in, as far as they are written."""

    id: str
    name: str | None
    total: int
    counts: Mapping[State, int]
    state: BatchState
    created_at: datetime
    finished_at: datetime | None
    on_complete_job_id: str | None


class BatchList(TypedDict):
    """A page of batches, newest first. It may be short, even empty, though `next_cursor` leads on: where few fit."""

    items: Sequence[BatchView]
    next_cursor: str | None
