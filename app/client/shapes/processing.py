"""Product images, and profiles of files."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from app.client.shapes.jobs import Job

Value = str | int | float | bool | None


class ProcessingSubmitted(TypedDict):
    """The job that processes a file; `task_id` is its id."""

    task_id: str
    job: Job


class Image(TypedDict):
    """An image of a product, once however many files have it. `sha256` is of the picture as it was in the file."""

    id: str
    platform: str
    shop_id: str
    sku: str
    sha256: str
    width: int
    height: int
    bytes: int
    is_main: bool
    position: int
    created_at: str


class ImageFilter(TypedDict, total=False):
    """Which images are listed."""

    platform: str
    shop_id: str
    sku: str


class Column(TypedDict):
    """A column. `types` counts its cells by type, the empty ones aside; `type` is what they are together.

    Types are boolean, integer, number, date, datetime, time, text; mixed and empty. `min` and `max` are None for those.
    """

    letters: str
    name: str | None
    type: str
    types: Mapping[str, int]
    nulls: int
    null_share: float
    min: Value
    max: Value


class Sheet(TypedDict):
    """A sheet. `rows` are those below the headers that are not blank; `is_cut`: not all columns are told."""

    name: str | None
    is_visible: bool
    header_row: int | None
    rows: int
    columns: Sequence[Column]
    columns_total: int
    merged: Sequence[str]
    merged_total: int
    sample: Sequence[Sequence[Value]]
    is_cut: bool


class Profile(TypedDict):
    """What a file has in it, as far as the latest profile has found out. `encoding` is of a csv."""

    file_id: str
    made_at: str
    rows: int
    sheets: Sequence[Sheet]
    sheets_total: int
    encoding: str | None
