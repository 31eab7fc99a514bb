"""The bodies, forms and queries of the data sync, of the same strictness as those of other requests."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.schemas.requests import Body, Cursor, Header, OptionalDate, OptionalWord, PageSize, Priority, Word
from jobs.model import DEFAULT_PRIORITY
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Domain, FieldType, FileState, Granularity, Repeats
from jobs.tasks.scheduled.alerts import AlertState

RowNumber = Annotated[int, Field(ge=0, lt=2**31, description="The `next_cursor` of the page before.")]
CellValue = (
    Annotated[str, Field(max_length=ReadLimits().cell_characters)]
    | Annotated[int, Field(ge=-(2**63), lt=2**63)]
    | float
    | bool
    | None
)


class SyncBody(Body):
    """POST /api/data-sync/single."""

    file_id: UUID
    priority: Priority = DEFAULT_PRIORITY


class SyncDueBody(Body):
    """POST /api/data-sync/batch."""

    platform: Word = Field("*", description="`*` for any.")
    domains: Annotated[tuple[Domain, ...], Field(max_length=20)] = Field((), description="None named: any.")
    granularities: Annotated[tuple[Granularity, ...], Field(max_length=20)] = Field((), description="None named: any.")
    since_hours: Annotated[float, Field(gt=0, le=87_600)] | None = Field(None, description="Uploaded since then.")
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    priority: Priority = DEFAULT_PRIORITY


class SyncTheseBody(Body):
    """POST /api/data-sync/batch-by-ids."""

    file_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=1000)]
    priority: Priority = DEFAULT_PRIORITY


class SyncAllBody(Body):
    """POST /api/data-sync/batch-all."""

    priority: Priority = DEFAULT_PRIORITY


class DateRuleBody(Body):
    """Where a template finds a row's date."""

    field: Header
    format: Word | None = None


class RangeBody(Body):
    """Between which numbers, both included, a field's are expected."""

    minimum: float | None = None
    maximum: float | None = None


class TemplateBody(Body):
    """POST /api/data-sync/templates."""

    platform: Word
    domain: Domain
    sub_domain: OptionalWord = None
    granularity: Granularity
    header_row: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="The row that has the headers.")
    fields: Annotated[tuple[Header, ...], Field(min_length=1, max_length=512)] = Field(description="Them, in order.")
    key_fields: Annotated[tuple[Header, ...], Field(min_length=1, max_length=64)] | None = Field(
        None,
        description="Those that tell rows apart, beside the day. Left out: the domain's, by what fields are called.",
    )
    required_fields: Annotated[tuple[Header, ...], Field(max_length=512)] = ()
    date_rule: DateRuleBody
    repeats: Repeats = Repeats.NUMBER
    types: Annotated[dict[Header, FieldType], Field(max_length=512)] = Field(
        default_factory=dict, description="By field, what its values must be; a row with another is set aside."
    )
    ranges: Annotated[dict[Header, RangeBody], Field(max_length=512)] = Field(
        default_factory=dict, description="By field, what its numbers should be; the quality tells how many are not."
    )


class QuarantineQuery(Body):
    """GET /api/data-sync/files/{id}/quarantine."""

    model_config = ConfigDict(strict=False)

    limit: PageSize = 50
    cursor: RowNumber = 0


class ReplayAllQuery(QuarantineQuery):
    """POST /api/data-sync/files/{id}/quarantine/replay."""


class ReplayBody(Body):
    """POST /api/data-sync/files/{id}/quarantine/{row_number}/replay."""

    row: Annotated[dict[Header, CellValue], Field(max_length=1024)] = Field(
        default_factory=dict, description="Values in place of those that are set aside, by field."
    )


class FileForm(Body):
    """POST /api/data-sync/files: the parts of the form beside the file itself."""

    model_config = ConfigDict(strict=False)

    platform: Word
    shop_id: Word
    domain: Domain
    sub_domain: OptionalWord = None
    granularity: Granularity
    date_from: OptionalDate = None
    date_to: OptionalDate = None


class FilesQuery(Body):
    """GET /api/data-sync/files."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    shop_id: Word | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None
    state: FileState | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None


class SyncsQuery(Body):
    """GET /api/data-sync/tasks."""

    model_config = ConfigDict(strict=False)

    state: Literal["running", "ended"] | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None


class TemplateQuery(Body):
    """GET /api/data-sync/templates."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None
    limit: PageSize = 50
    cursor: UUID | None = Field(None, description="The `next_cursor` of the page before.")


class AlertsQuery(Body):
    """GET /api/data-sync/alerts."""

    model_config = ConfigDict(strict=False)

    state: AlertState | None = Field(None, description="Whether it holds still.")
    platform: Word | None = None
    shop_id: Word | None = None
    sku: Word | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None
