"""The bodies that the API takes, as types that validate: strictly, with no field beside those named."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from jobs.audit import Action
from jobs.batch import LONGEST_NAME, MOST_JOBS
from jobs.model import DEFAULT_PRIORITY, HIGHEST_PRIORITY, LOWEST_PRIORITY, State
from jobs.quota import LARGEST
from jobs.registry import LONGEST_TIMEOUT_S
from jobs.submission import LONGEST_DELAY_S, LONGEST_KEY, MOST_TRIES


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
    if isinstance(value, datetime) or (isinstance(value, str) and "-" in value):
        return value
    raise ValueError("is no time; write it as 2027-01-31T08:00:00Z")


def _nothing(value: object) -> object:
    """Take an empty text, as forms send it for a field that was left out, as none."""
    return None if value == "" else value


# What `_filled` asks for, in the words of JSON Schema.
_FILLED: dict[str, Any] = {"minLength": 1, "pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}

Word = Annotated[str, Field(max_length=100, json_schema_extra=_FILLED), AfterValidator(_filled)]
OptionalWord = Annotated[Word | None, BeforeValidator(_nothing)]
OptionalDate = Annotated[date | None, BeforeValidator(_nothing)]
Header = Annotated[str, Field(max_length=200, json_schema_extra=_FILLED), AfterValidator(_filled)]
ObjectId = Annotated[str, Field(max_length=500, json_schema_extra=_FILLED), AfterValidator(_filled)]
UniqueKey = Annotated[str, Field(max_length=LONGEST_KEY, json_schema_extra=_FILLED), AfterValidator(_filled)]
Priority = Annotated[
    int,
    Field(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY, description=f"{HIGHEST_PRIORITY} is the most urgent."),
]
Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY_S)]
Expiry = Annotated[float, Field(gt=0, le=LONGEST_DELAY_S)]
Timeout = Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT_S)]
Wait = Annotated[float, Field(ge=0, le=25)]
Tries = Annotated[int, Field(ge=1, le=MOST_TRIES)]
Moment = Annotated[
    AwareDatetime,
    # Not strict, which takes no text behind a validator, also where a JSON text is all that there can be.
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC), strict=False),
    BeforeValidator(_written_out),
]
OwnNumber = Annotated[int, Field(ge=0, le=LARGEST)] | None
PageSize = Annotated[int, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(max_length=3_000, description="The `next_cursor` of the page before.")]


class Body(BaseModel):
    """The base of all bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class JobBody(Body):
    """POST /api/jobs. What is left out is what the task declares."""

    task: str = Field(description="One of those that `GET /api/tasks` lists.")
    args: dict[str, Any] = Field(default_factory=dict, description="What the task's own schema asks for.")
    priority: Priority = DEFAULT_PRIORITY
    queue: str | None = Field(None, description="Another queue than the task's own, of those that it lists.")
    delay_s: Delay | None = Field(None, description="Seconds until it may start; excludes `run_at`.")
    run_at: Moment | None = Field(None, description="When it may start, at most a year from now.")
    timeout_s: Timeout | None = Field(None, description="Seconds that one try may take.")
    max_tries: Tries | None = Field(None, description="How often it is tried before it counts as failed.")
    unique_key: UniqueKey | None = Field(None, description="You have one unfinished job of a task and key at most.")
    expires_in_s: Expiry | None = Field(None, description="Seconds after which it ends if it has not started.")
    tags: Annotated[tuple[Word, ...], Field(max_length=20)] = Field((), description="Words to find it by.")


class BatchBody(Body):
    """POST /api/batches."""

    jobs: Annotated[tuple[JobBody, ...], Field(min_length=1, max_length=MOST_JOBS)]
    name: Annotated[str, Field(max_length=LONGEST_NAME, json_schema_extra=_FILLED), AfterValidator(_filled)] | None = (
        None
    )
    on_complete: JobBody | None = None


class BatchesQuery(Body):
    """GET /api/batches."""

    model_config = ConfigDict(strict=False)

    limit: PageSize = 50
    cursor: Cursor | None = None


class JobQuery(Body):
    """GET /api/jobs/{id}."""

    model_config = ConfigDict(strict=False)

    wait_s: Wait = Field(0, description="Seconds to wait for its end before the answer.")


class EventQuery(Body):
    """GET /api/events and those of a job or a batch. Any text is taken: what is not known has an answer of its own."""

    last_event_id: str | None = Field(None, description="What `Last-Event-ID` says, for who cannot send headers.")


class CancelQuery(Body):
    """POST /api/jobs/{id}/cancel."""

    model_config = ConfigDict(strict=False)

    wait_s: Wait = Field(2, description="Seconds to wait for what becomes of a job that runs.")


class JobsQuery(Body):
    """GET /api/jobs. `state` may be given several times."""

    model_config = ConfigDict(strict=False)

    state: Annotated[tuple[State, ...], Field(max_length=20), BeforeValidator(_several)] = Field(
        (), description="One, or several, each in a `state` of its own."
    )
    owner: Word | None = Field(None, description="Whose; anybody's but one's own for administrators.")
    task: Word | None = None
    queue: Word | None = None
    tag: Word | None = Field(None, description="One of their tags.")
    batch: Word | None = Field(None, description="The id of their batch.")
    accepted_after: Moment | None = Field(None, description="Accepted at this time or later.")
    accepted_before: Moment | None = Field(None, description="Accepted before this time.")
    limit: PageSize = 50
    cursor: Cursor | None = None


class CausesQuery(Body):
    """GET /api/failures."""

    model_config = ConfigDict(strict=False)

    since: Moment | None = Field(None, description="Only what failed at this time or later counts.")
    limit: PageSize = 50
    cursor: Cursor | None = None


class RetryQuery(Body):
    """POST /api/failures/{fingerprint}/retry."""

    model_config = ConfigDict(strict=False)

    cursor: Cursor | None = None


class QuotaQuery(Body):
    """GET /api/quota."""

    owner: Word | None = Field(None, description="Whose; anybody's but one's own for administrators.")


class OverridesBody(Body):
    """PATCH /api/quota/{owner}."""

    max_running: OwnNumber = Field(None, description="How many jobs may run at once. 0: none, all wait.")
    max_waiting: OwnNumber = Field(None, description="How many jobs may be unfinished. 0: none.")


class AuditQuery(Body):
    """GET /api/audit."""

    model_config = ConfigDict(strict=False)

    actor: Word | None = Field(None, description="Who did it.")
    action: Action | None = None
    object_id: ObjectId | None = Field(
        None, description="What it was done to: a job's id, a queue's or schedule's name."
    )
    after: Moment | None = Field(None, description="Done at this time or later.")
    before: Moment | None = Field(None, description="Done before this time.")
    limit: PageSize = 50
    cursor: Cursor | None = None
