"""Batches of jobs."""

from collections.abc import Mapping
from typing import Literal, TypedDict

from app.client.shapes.jobs import State

BatchState = Literal["running", "succeeded", "partial", "failed", "cancelled"]


class Batch(TypedDict):
    """Jobs that were submitted together. `counts` has the states that a job of it is in, as far as they are written."""

    id: str
    name: str | None
    total: int
    counts: Mapping[State, int]
    state: BatchState
    created_at: str
    finished_at: str | None
    on_complete_job_id: str | None
