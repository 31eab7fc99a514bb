"""Files and their syncs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NotRequired, TypedDict

from app.client.shapes.batches import Batch, BatchState
from app.client.shapes.jobs import Job, State
from app.client.shapes.quality import Quality

Domain = Literal["orders", "products", "inventory", "traffic", "services", "analytics"]
Granularity = Literal["daily", "weekly", "monthly", "snapshot"]
FileFormat = Literal["csv", "xlsx", "xlsb", "xls", "ods", "html"]
FileState = Literal["pending", "processing", "ingested", "partial", "failed", "needs_template", "header_changed"]


class FileSource(TypedDict):
    """Where a file is from, and the days that it is about."""

    platform: str
    shop_id: str
    domain: Domain
    granularity: Granularity
    sub_domain: NotRequired[str | None]
    date_from: NotRequired[date | None]
    date_to: NotRequired[date | None]


class FileFilter(TypedDict, total=False):
    """Which files are listed."""

    platform: str
    shop_id: str
    domain: Domain
    granularity: Granularity
    state: FileState


class Move(TypedDict):
    """A header in another place than the template says; places count from 1."""

    name: str
    expected: int
    found: int


class HeaderDifference(TypedDict):
    """How a file's headers differ from the template's. `match_rate`: the share, 0 to 1, that stands in order."""

    added: Sequence[str]
    removed: Sequence[str]
    moved: Sequence[Move]
    missing_keys: Sequence[str]
    match_rate: float


class File(TypedDict):
    """An uploaded file. The same bytes are one file."""

    id: str
    sha256: str
    name: str
    format: FileFormat
    size: int
    platform: str
    shop_id: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    date_from: str | None
    date_to: str | None
    owner: str
    state: FileState
    task_id: str | None
    last_error: str | None
    header_difference: HeaderDifference | None
    tries: int
    next_attempt_at: str | None
    created_at: str


class SyncSubmitted(TypedDict):
    """The job that syncs a file; `task_id` is its id."""

    task_id: str
    job: Job


class SyncBatch(TypedDict):
    """What was taken of many files. `task_id` is the batch's id; both are None where there was nothing to sync.

    `busy_file_ids` have an unfinished job already, `remaining` counts what is due and was not taken for the quota.
    """

    task_id: str | None
    file_count: int
    remaining: int
    missing_file_ids: Sequence[str]
    busy_file_ids: Sequence[str]
    batch: Batch | None


class FileCounts(TypedDict):
    """What became of the files of a sync."""

    total: int
    processed: int
    succeeded: int
    failed: int
    skipped: int


class SyncError(TypedDict):
    """Why a file was not loaded."""

    file_id: str
    file: str
    type: str
    message: str


class Sync(TypedDict):
    """How far a sync is. `percent` is of the rows read, for a batch of the files; at most 100 errors are shown."""

    task_id: str
    state: State | BatchState
    files: FileCounts
    rows: Mapping[str, int]
    percent: int
    current_file: str | None
    current_files: Sequence[str]
    errors: Sequence[SyncError]
    errors_total: int
    quality: Quality | None


class SyncEntry(TypedDict):
    """A submission that began a sync; `task_id` is a job's or a batch's id."""

    task_id: str
    kind: Literal["file", "batch"]
    owner: str
    files: int
    state: Literal["running", "ended"]
    created_at: str
    finished_at: str | None


class Source(TypedDict):
    """The files of one source and its template: `missing`, or `outdated`.

    It is that where files came with other headers, or were loaded by one that this has replaced (`loaded_by_older`).
    """

    platform: str
    domain: Domain
    sub_domain: str | None
    granularity: Granularity
    files: int
    header_changed: int
    needs_template: int
    loaded_by_older: int
    newest_at: str
    template: Literal["there", "missing", "outdated"]
    template_version: int | None


class Governance(TypedDict):
    """How all files do: by state, and by source, of which the first thousand are told."""

    states: Mapping[FileState, int]
    sources: Sequence[Source]


class RefusedFile(TypedDict):
    """A file that stays in the inbox, by its name, and why."""

    name: str
    reason: str


class Scan(TypedDict):
    """What a scan took in: `taken` files, of which `known` had the bytes of one that was there; `more`: scan again."""

    taken: int
    known: int
    refused: Sequence[RefusedFile]
    more: bool
