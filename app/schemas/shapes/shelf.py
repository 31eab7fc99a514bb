"""Lists of files and of syncs, and how each source does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from typing_extensions import TypedDict

from app.schemas.shapes.data_sync import FileView
from jobs.tasks.data_sync.model import Domain, FileState, Granularity
from jobs.tasks.data_sync.shelf import TemplateStatus


class FileList(TypedDict):
    """A page of files, newest first. It may be short, even empty, though `next_cursor` leads on: where few fit."""

    items: Sequence[FileView]
    next_cursor: str | None


class SyncEntryView(TypedDict):
    """A submission that began a sync; `task_id` is a job's or a batch's id, which `/progress/{task_id}` takes."""

    task_id: str
    kind: Literal["file", "batch"]
    owner: str
    files: int
    state: Literal["running", "ended"]
    created_at: datetime
    finished_at: datetime | None


class SyncList(TypedDict):
    """A page of submissions, newest first; may be short, even empty, though `next_cursor` leads on: where few fit."""

    items: Sequence[SyncEntryView]
    next_cursor: str | None


class SourceView(TypedDict):
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
    newest_at: datetime
    template: TemplateStatus
    template_version: int | None


class GovernanceView(TypedDict):
    """How all files do: by state, and by source, of which the first thousand are told."""

    states: Mapping[FileState, int]
    sources: Sequence[SourceView]
