"""The bodies that the API takes, as types that validate: strictly, with no field beside those named."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from jobs.audit import Action
from jobs.batch import LONGEST_NAME, MOST_JOBS
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, State
from jobs.registry import LONGEST_TIMEOUT_S
from jobs.submission import LONGEST_DELAY_S, LONGEST_KEY, MOST_TRIES
from jobs.tasks.data_sync.model import Domain, Granularity, Repeats


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds the character NUL; leave it out")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return _plain(text)


def _several(value: object) -> object:
    """Take a parameter that is given once for a list of one."""
    return [value] if isinstance(value, str) else value


def _written_out(value: object) -> object:
    """Let no number through, which would be taken for seconds since 1970: a year is meant as one."""
    if isinstance(value, str) and "-" not in value:
        raise ValueError("is no time; write it as 2027-01-31T08:00:00Z")
    return value


def _nothing(value: object) -> object:
    """Take an empty text, as forms send it for a field that was left out, as none."""
    return None if value == "" else value


Word = Annotated[str, Field(max_length=100), AfterValidator(_filled)]
OptionalWord = Annotated[Word | None, BeforeValidator(_nothing)]
OptionalDate = Annotated[date | None, BeforeValidator(_nothing)]
Header = Annotated[str, Field(max_length=200), AfterValidator(_filled)]
Priority = Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_written_out),
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
]
PageSize = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=3_000)]


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class JobBody(Body):
    """POST /api/jobs. What is left out is what the task declares."""

    task: str
    args: dict[str, Any] = Field(default_factory=dict)
    priority: Priority = DEFAULT_PRIORITY
    queue: str | None = None
    delay_s: Annotated[float, Field(ge=0, le=LONGEST_DELAY_S)] | None = None
    run_at: AwareDatetime | None = None
    timeout_s: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)] | None = None
    max_tries: Annotated[int, Field(ge=1, le=MOST_TRIES)] | None = None
    unique_key: Annotated[str, Field(max_length=LONGEST_KEY), AfterValidator(_filled)] | None = None
    expires_in_s: Annotated[float, Field(gt=0, le=LONGEST_DELAY_S)] | None = None
    tags: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class BatchBody(Body):
    """POST /api/batches."""

    jobs: Annotated[tuple[JobBody, ...], Field(min_length=1, max_length=MOST_JOBS)]
    name: Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_filled)] | None = None
    on_complete: JobBody | None = None


class SyncBody(Body):
    """POST /api/data-sync/single."""

    file_id: UUID
    priority: Priority = DEFAULT_PRIORITY


class DateRuleBody(Body):
    """Where a template finds a row's date."""

    field: Header
    format: Annotated[str, Field(max_length=100), AfterValidator(_filled)] | None = None


class TemplateBody(Body):
    """POST /api/data-sync/templates."""

    platform: Word
    domain: Domain
    sub_domain: OptionalWord = None
    granularity: Granularity
    header_row: Annotated[int, Field(ge=1, le=1000)] = 1
    fields: Annotated[tuple[Header, ...], Field(min_length=1, max_length=512)]
    key_fields: Annotated[tuple[Header, ...], Field(min_length=1, max_length=64)]
    required_fields: Annotated[tuple[Header, ...], Field(max_length=512)] = ()
    date_rule: DateRuleBody
    repeats: Repeats = Repeats.NUMBER


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


class JobQuery(Body):
    """GET /api/jobs/{id}."""

    model_config = ConfigDict(strict=False)

    wait_s: Annotated[float, Field(ge=0, le=25)] = 0


class EventQuery(Body):
    """GET /api/events and /api/jobs/{id}/events. Any text is taken: what is not known has an answer of its own."""

    last_event_id: str | None = None


class CancelQuery(Body):
    """POST /api/jobs/{id}/cancel."""

    model_config = ConfigDict(strict=False)

    wait_s: Annotated[float, Field(ge=0, le=25)] = 2


class JobsQuery(Body):
    """GET /api/jobs. `state` may be given several times."""

    model_config = ConfigDict(strict=False)

    state: Annotated[tuple[State, ...], BeforeValidator(_several), Field(max_length=20)] = ()
    owner: Word | None = None
    task: Word | None = None
    queue: Word | None = None
    tag: Word | None = None
    accepted_after: Moment | None = None
    accepted_before: Moment | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None


class CausesQuery(Body):
    """GET /api/failures."""

    model_config = ConfigDict(strict=False)

    since: Moment | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None


class RetryQuery(Body):
    """POST /api/failures/{fingerprint}/retry."""

    model_config = ConfigDict(strict=False)

    cursor: Cursor | None = None


class TemplateQuery(Body):
    """GET /api/data-sync/templates."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None
    limit: PageSize = 50
    cursor: UUID | None = None


class AuditQuery(Body):
    """GET /api/audit."""

    model_config = ConfigDict(strict=False)

    actor: Word | None = None
    action: Action | None = None
    object_id: Annotated[str, Field(max_length=500), AfterValidator(_filled)] | None = None
    after: Moment | None = None
    before: Moment | None = None
    limit: PageSize = 50
    cursor: Cursor | None = None
