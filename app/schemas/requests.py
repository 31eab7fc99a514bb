"""The bodies that the API takes, as types that validate: strictly, with no field beside those named."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from jobs.batch import LONGEST_NAME, MOST_JOBS
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY
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


def _nothing(value: object) -> object:
    """Take an empty text, as forms send it for a field that was left out, as none."""
    return None if value == "" else value


Word = Annotated[str, Field(max_length=100), AfterValidator(_filled)]
OptionalWord = Annotated[Word | None, BeforeValidator(_nothing)]
OptionalDate = Annotated[date | None, BeforeValidator(_nothing)]
Header = Annotated[str, Field(max_length=200), AfterValidator(_filled)]
Priority = Annotated[int, Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]


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


class CancelQuery(Body):
    """POST /api/jobs/{id}/cancel."""

    model_config = ConfigDict(strict=False)

    wait_s: Annotated[float, Field(ge=0, le=25)] = 2


class TemplateQuery(Body):
    """GET /api/data-sync/templates."""

    model_config = ConfigDict(strict=False)

    platform: Word | None = None
    domain: Domain | None = None
    granularity: Granularity | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: UUID | None = None
