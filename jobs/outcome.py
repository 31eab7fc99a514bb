"""How a try ended, as a value, and what an error looks like once it is written down."""

import hashlib
import traceback
from dataclasses import dataclass

from jobs import codec
from jobs.errors import ConflictError
from jobs.model import Failure
from jobs.tracebacks import traceback_of

_LONGEST_MESSAGE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The function returned; `value` is the result as JSON, fit for PostgreSQL."""

    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The job has ended: no try is left, or the error is one that trying again does not mend."""

    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """The try failed; the next may start `delay_s` seconds from now."""

    failure: Failure
    delay_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The job has ended because somebody wanted it to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The job waits for a worker that knows its task."""

    task: str


Ended = Succeeded | Failed | Cancelled
Outcome = Ended | Retrying | Unknown


def failure_of(task: str, error: BaseException) -> Failure:
    """Write an error down: type, shortened text, a fingerprint of task, type and innermost place, and its traceback."""
    place = _place(error)
    kind = type(error).__name__
    digest = hashlib.sha256(f"{task}\0{kind}\0{place}".encode()).hexdigest()
    return Failure(
        type=kind,
        message=codec.clean_text(_said(error)[:_LONGEST_MESSAGE]) or kind,
        fingerprint=digest[:16],
        traceback=traceback_of(error),
    )


def _said(error: BaseException) -> str:
    """Give the text of an error, whatever its own code does then."""
    try:
        return str(error)
    except BaseException as other:  # noqa: BLE001  even sys.exit()
        return f"its text cannot be had: {type(other).__name__}"


def superseded(task: str, holder: str) -> Failure:
    """Say why a job that was accepted does not run: another one, which was there first, has its unique key."""
    return failure_of(task, ConflictError(f"job {holder} has the same unique key and was there first"))


def _place(error: BaseException) -> str:
    """Name the function that raised. No line number: an edit above it must not make a new fingerprint."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].name}" if frames else ""
