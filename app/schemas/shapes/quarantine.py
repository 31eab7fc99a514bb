"""Rows that were set aside."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from app.schemas.shapes.problems import MistakeView
from jobs.tasks.data_sync.model import FileState


class RowProblemView(TypedDict):
    """What is wrong with a field of a row."""

    field: str
    detail: str


class QuarantinedRowView(TypedDict):
    """A row that was set aside, as it was read; `reason` says all `problems` in one line."""

    row_number: int
    reason: str
    problems: Sequence[RowProblemView]
    row: Mapping[str, object]
    created_at: datetime


class QuarantineList(TypedDict):
    """A page of rows that are set aside, by number; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[QuarantinedRowView]
    next_cursor: int | None


class ReplayedView(TypedDict):
    """What became of a row that was replayed; `remaining` rows of the file are still set aside."""

    row_number: int
    outcome: Literal["inserted", "updated", "unchanged"]
    remaining: int
    file_state: FileState


class FailedRowView(TypedDict):
    """A row that is still set aside, and why."""

    row_number: int
    errors: Sequence[MistakeView]


class ReplayedRowsView(TypedDict):
    """How many rows were replayed, and which have failed again; `next_cursor` leads to those after them."""

    replayed: int
    failed: Sequence[FailedRowView]
    next_cursor: int | None
