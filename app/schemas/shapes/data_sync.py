"""The data sync: templates, files, syncs."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from typing_extensions import TypedDict

from app.schemas.shapes.batches import BatchView
from app.schemas.shapes.jobs import JobView
from app.schemas.shapes.quality import QualityView
from jobs.batch import BatchState
from jobs.model import State
from jobs.tasks.data_sync.model import Domain, FieldType, FileFormat, FileState, Granularity, Repeats, TemplateState


class DateRuleView(TypedDict):
    """Which field holds a row's date; `format` is a strptime format, null takes ISO-like dates."""

    field: str
    format: str | None


class RangeView(TypedDict):
    """Between which numbers, both included, a field's are expected; null: no bound."""

    minimum: float | None
    maximum: float | None


class TemplateView(TypedDict):
    """One version of the agreement on how a source's files look. `types` and `ranges` are by field."""

    id: UUID
    platform: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    version: int
    state: TemplateState
    header_row: int
    fields: Sequence[str]
    key_fields: Sequence[str]
    required_fields: Sequence[str]
    date_rule: DateRuleView
    repeats: Repeats
    types: Mapping[str, FieldType]
    ranges: Mapping[str, RangeView]
    created_at: datetime


class TemplateList(TypedDict):
    """A page of templates, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[TemplateView]
    next_cursor: UUID | None


class MoveView(TypedDict):
    """A header in another place than the template says; places count from 1."""

    name: str
    expected: int
    found: int


class HeaderDifferenceView(TypedDict):
    """How a file's headers differ from the template's. `match_rate`: the share, 0 to 1, that stands in order."""

    added: Sequence[str]
    removed: Sequence[str]
    moved: Sequence[MoveView]
    missing_keys: Sequence[str]
    match_rate: float


class FileView(TypedDict):
    """An uploaded file. The same bytes are one file.

    `header_difference` is that of a file in state `header_changed`. `tries` counts the syncs since one has loaded the
    file, `next_attempt_at` is when another may be worth it.
    """

    id: UUID
    sha256: str
    name: str
    format: FileFormat
    size: int
    platform: str
    shop_id: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    date_from: date | None
    date_to: date | None
    owner: str
    state: FileState
    task_id: str | None
    last_error: str | None
    header_difference: HeaderDifferenceView | None
    tries: int
    next_attempt_at: datetime | None
    created_at: datetime


class RefusedFileView(TypedDict):
    """A file that stays in the inbox, by its name, and why."""

    name: str
    reason: str


class ScanView(TypedDict):
    """What a scan took in: `taken` files, of which `known` had the bytes of one that was there; `more`: scan again."""

    taken: int
    known: int
    refused: Sequence[RefusedFileView]
    more: bool


class SyncSubmittedView(TypedDict):
    """The job that syncs a file; `task_id` is its id."""

    task_id: str
    job: JobView


class SyncBatchView(TypedDict):
    """What was taken of many files. `task_id` is the batch's id; both are null where there was nothing to sync.

    `busy_file_ids` have an unfinished job already, `remaining` counts what is due and was not taken for the quota.
    """

    task_id: str | None
    file_count: int
    remaining: int
    missing_file_ids: Sequence[UUID]
    busy_file_ids: Sequence[UUID]
    batch: BatchView | None


class FileCountsView(TypedDict):
    """What became of the files of a sync."""

    total: int
    processed: int
    succeeded: int
    failed: int
    skipped: int


class SyncErrorView(TypedDict):
    """Why a file was not loaded."""

    file_id: str
    file: str
    type: str
    message: str


class SyncView(TypedDict):
    """How far a sync is. `percent` is of the rows read, for a batch of the files; at most 100 errors are shown.

    `current_file` is the first of `current_files`, of which at most 20 are shown. `quality` is null until the
    rows are loaded.
    """

    task_id: str
    state: State | BatchState
    files: FileCountsView
    rows: Mapping[str, int]
    percent: int
    current_file: str | None
    current_files: Sequence[str]
    errors: Sequence[SyncErrorView]
    errors_total: int
    quality: QualityView | None
