"""The data processing: product images and profiles of files."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from typing_extensions import TypedDict

from app.schemas.shapes.jobs import JobView

Value = str | int | float | bool | None


class ProcessingSubmittedView(TypedDict):
    """The job that processes a file; `task_id` is its id."""

    task_id: str
    job: JobView


class ImageView(TypedDict):
    """An image of a product, once however many files have it. `sha256` is of the picture as it was in the file."""

    id: UUID
    platform: str
    shop_id: str
    sku: str
    sha256: str
    width: int
    height: int
    bytes: int
    is_main: bool
    position: int
    created_at: datetime


class ImageList(TypedDict):
    """A page of images, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[ImageView]
    next_cursor: UUID | None


class ColumnView(TypedDict):
    """A column. `types` counts its cells by type, the empty ones aside; `type` is what they are together.

    Types are boolean, integer, number, date, datetime, time, text; mixed and empty. `min` and `max` are null for those.
    """

    letters: str
    name: str | None
    type: str
    types: Mapping[str, int]
    nulls: int
    null_share: float
    min: Value
    max: Value


class SheetView(TypedDict):
    """A sheet. `rows` are those below the headers that are not blank; `is_cut`: not all columns are told."""

    name: str | None
    is_visible: bool
    header_row: int | None
    rows: int
    columns: Sequence[ColumnView]
    columns_total: int
    merged: Sequence[str]
    merged_total: int
    sample: Sequence[Sequence[Value]]
    is_cut: bool


class ProfileView(TypedDict):
    """What a file has in it, as far as the latest profile has found out. `encoding` is of a csv."""

    file_id: UUID
    made_at: datetime
    rows: int
    sheets: Sequence[SheetView]
    sheets_total: int
    encoding: str | None
