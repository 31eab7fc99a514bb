"""From an answer that is no success to the error that says so. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import httpx

from app.client import errors
from app.client.errors import ForeignAnswerError, ProblemError
from app.client.shapes.problems import Problem

# By the type of their documents; all others are ProblemErrors.
ERRORS: Mapping[str, type[ProblemError]] = {
    "validation": errors.InvalidInputError,
    "unauthenticated": errors.UnauthenticatedError,
    "forbidden": errors.ForbiddenError,
    "not-found": errors.NotFoundError,
    "conflict": errors.ConflictError,
    "too-large": errors.TooLargeError,
    "unsupported-media-type": errors.UnsupportedMediaTypeError,
    "idempotency-mismatch": errors.IdempotencyMismatchError,
    "waiting-quota": errors.QuotaError,
    "https://iana.org/assignments/http-problem-types#quota-exceeded": errors.RateLimitedError,
    "precondition-failed": errors.PreconditionFailedError,
    "precondition-required": errors.PreconditionRequiredError,
    "unavailable": errors.UnavailableError,
}

_BLANK = "about:blank"
_PASSING = (429, 502, 503, 504)  # what a proxy too may say of a site that will be back


def problem_of(answer: httpx.Response, *, now: datetime | None = None) -> ProblemError | ForeignAnswerError:
    """Give the error of an answer whose content has been read; `now`, by default this moment, dates `Retry-After`."""
    document = _document_of(answer)
    retry_after_s = _seconds(answer.headers.get("Retry-After"), now or datetime.now(UTC))
    if document is not None:
        return ERRORS.get(document["type"], ProblemError)(document, retry_after_s=retry_after_s)
    if answer.status_code in _PASSING:
        return ProblemError(_stand_in(answer), retry_after_s=retry_after_s)
    return ForeignAnswerError(
        f"{answer.request.method} {answer.request.url} was answered by {answer.status_code} without a problem document:"
        " is this the address of a Switchyard?"
    )


def _document_of(answer: httpx.Response) -> Problem | None:
    try:
        found: Any = answer.json()
    except ValueError:
        return None
    needed = Problem.__required_keys__
    return cast("Problem", found) if isinstance(found, dict) and needed <= found.keys() else None


def _stand_in(answer: httpx.Response) -> Problem:
    """Say what a proxy has said, in the form of a problem document."""
    return {
        "type": _BLANK,
        "title": answer.reason_phrase,
        "status": answer.status_code,
        "detail": "something between here and the site says so",
        "instance": answer.request.url.path,
        "request_id": answer.headers.get("X-Request-ID", ""),
    }


def _seconds(text: str | None, now: datetime) -> float | None:
    """Read `Retry-After`: seconds, or a date. Any other text counts as none."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a zone
        return None
