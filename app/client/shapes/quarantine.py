"""Rows that were set aside."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from app.client.shapes.files import FileState
from app.client.shapes.problems import Mistake


class RowProblem(TypedDict):
    """What is wrong with a field of a row."""

    field: str
    detail: str


class QuarantinedRow(TypedDict):
    """A row that was set aside, as it was read; `reason` says all `problems` in one line."""

    row_number: int
    reason: str
    problems: Sequence[RowProblem]
    row: Mapping[str, Any]
    created_at: str


class Replayed(TypedDict):
    """What became of a row that was replayed; `remaining` rows of the file are still set aside."""

    row_number: int
    outcome: Literal["inserted", "updated", "unchanged"]
    remaining: int
    file_state: FileState


class FailedRow(TypedDict):
    """A row that is still set aside, and why."""

    row_number: int
    errors: Sequence[Mistake]


class ReplayedRows(TypedDict):
    """How many rows were replayed, and which have failed again; `next_cursor` leads to those after them."""

    replayed: int
    failed: Sequence[FailedRow]
    next_cursor: int | None
