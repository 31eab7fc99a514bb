"""Errors as problem documents (RFC 9457): one table from exception to type, status and title."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app import errors as app_errors
from app.schemas.shapes.problems import MistakeView, MoreView, ProblemView
from jobs import errors as jobs_errors
from jobs.errors import InvalidInputError, SwitchyardError
from jobs.tasks.data_sync.errors import NotASpreadsheetError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of problem: its stable word, its status, and what it is called."""

    type: str
    status: HTTPStatus
    title: str


VALIDATION = Kind(type="validation", status=HTTPStatus.UNPROCESSABLE_ENTITY, title="The input is wrong")
MALFORMED = Kind(type="validation", status=HTTPStatus.BAD_REQUEST, title="The body cannot be read")
UNAUTHENTICATED = Kind(type="unauthenticated", status=HTTPStatus.UNAUTHORIZED, title="Nobody is logged in")
FORBIDDEN = Kind(type="forbidden", status=HTTPStatus.FORBIDDEN, title="Your role does not allow this")
NOT_FOUND = Kind(type="not-found", status=HTTPStatus.NOT_FOUND, title="There is no such thing")
CONFLICT = Kind(type="conflict", status=HTTPStatus.CONFLICT, title="Its state does not allow this")
TOO_LARGE = Kind(type="too-large", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE, title="The body is too large")
UNREAD_TYPE = Kind(
    type="unsupported-media-type", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, title="This type is not read here"
)
NO_SPREADSHEET = Kind(
    type="unsupported-media-type", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, title="This is no spreadsheet"
)
MISMATCH = Kind(
    type="idempotency-mismatch", status=HTTPStatus.UNPROCESSABLE_ENTITY, title="This key was used for something else"
)
QUOTA = Kind(type="waiting-quota", status=HTTPStatus.TOO_MANY_REQUESTS, title="You have too many unfinished jobs")
RATE_LIMITED = Kind(
    type="https://iana.org/assignments/http-problem-types#quota-exceeded",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="You have asked for too much",
)
PRECONDITION_FAILED = Kind(
    type="precondition-failed", status=HTTPStatus.PRECONDITION_FAILED, title="It has changed since it was read"
)
PRECONDITION_REQUIRED = Kind(
    type="precondition-required", status=HTTPStatus.PRECONDITION_REQUIRED, title="Say which version you have read"
)
BUSY = Kind(type="unavailable", status=HTTPStatus.SERVICE_UNAVAILABLE, title="The server is too busy")
UNAVAILABLE = Kind(type="unavailable", status=HTTPStatus.SERVICE_UNAVAILABLE, title="A store does not answer")

# Read from the top: the first class that fits decides.
KINDS: tuple[tuple[type[Exception], Kind], ...] = (
    (jobs_errors.InvalidInputError, VALIDATION),
    (app_errors.MalformedBodyError, MALFORMED),
    (app_errors.UnauthenticatedError, UNAUTHENTICATED),
    (app_errors.ForbiddenError, FORBIDDEN),
    (jobs_errors.NotFoundError, NOT_FOUND),
    (jobs_errors.ConflictError, CONFLICT),
    (app_errors.TooLargeError, TOO_LARGE),
    (app_errors.UnsupportedMediaTypeError, UNREAD_TYPE),
    (NotASpreadsheetError, NO_SPREADSHEET),
    (jobs_errors.IdempotencyMismatchError, MISMATCH),
    (jobs_errors.QuotaError, QUOTA),
    (app_errors.RateLimitedError, RATE_LIMITED),
    (app_errors.PreconditionFailedError, PRECONDITION_FAILED),
    (app_errors.PreconditionRequiredError, PRECONDITION_REQUIRED),
    (jobs_errors.StoreUnavailableError, UNAVAILABLE),
    (app_errors.BusyError, BUSY),
)

# What HTTP itself has a word for has no type of ours (RFC 9457, section 4.2.1).
BLANK = "about:blank"
BLANK_STATUSES = (HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.INTERNAL_SERVER_ERROR)

# The printed list: what each type means, word for word as app/docs/reference/errors.md and the document have it.
MEANINGS: Mapping[str, str] = {
    "validation": "a field is wrong, or the body cannot be read",
    "unauthenticated": "no key or session, or one that is not known; or a wrong password",
    "forbidden": "the role does not allow this",
    "not-found": "there is no such thing, or it is somebody else's",
    "conflict": "its state does not allow this, or the first submission with this `Idempotency-Key` is in flight",
    "too-large": "the body is over 1 MiB, a batch over 16 MiB, an upload over 100 MiB",
    "unsupported-media-type": "the body, or the uploaded file, is of a type that is not read",
    "idempotency-mismatch": "this `Idempotency-Key` was used for another submission in the last 24 hours",
    "waiting-quota": "more unfinished jobs than your quota lets you have; `detail` names the free number",
    RATE_LIMITED.type: "a rate limit is used up; `violated-policies` names it, `Retry-After` says when to try again",
    "precondition-failed": "`If-Match` names another version than the current one",
    "precondition-required": "this is only changed with `If-Match`",
    "unavailable": "a store does not answer, or the server is too busy; `Retry-After` says when to try again",
    BLANK: "what HTTP has a word for itself",
}

_SAFE = frozenset({"GET", "HEAD"})
_TRY_AGAIN = "try again soon"
# A store that fell silent may do what it was told once it goes on.
_UNKNOWN = "it may have been done all the same; look before you try again, or submit with an Idempotency-Key"

_HEADERS: Mapping[HTTPStatus, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
}


def known_problem(request: Request, error: Exception) -> Response:
    """Answer an error that was raised on purpose."""
    kind = next((kind for cause, kind in KINDS if isinstance(error, cause)), None)
    if kind is None:
        return unexpected_problem(request, error)
    if kind is UNAVAILABLE:
        # The reason names hosts and ports; those are for the log.
        log.warning("store_unavailable", reason=str(error))
        return problem(request, kind, detail=_TRY_AGAIN if request.method in _SAFE else _UNKNOWN)
    if isinstance(error, app_errors.RateLimitedError):
        return _refusal(request, kind, error)
    if isinstance(error, InvalidInputError):
        found: list[MistakeView] = [{"pointer": one.pointer, "detail": one.detail} for one in error.mistakes]
        return problem(request, kind, detail="see errors for each field", more={"errors": found} if found else {})
    return problem(request, kind, detail=str(error))


def http_problem(request: Request, error: Exception) -> Response:
    """Answer what the router or the form parser refuses."""
    if not isinstance(error, HTTPException):
        return unexpected_problem(request, error)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.NOT_FOUND:
        return problem(request, NOT_FOUND, detail="there is nothing at this path")
    if status is HTTPStatus.BAD_REQUEST:
        return problem(request, MALFORMED, detail=error.detail)
    blank = Kind(type=BLANK, status=status, title=status.phrase)
    return problem(request, blank, detail=error.detail, headers=error.headers or {})


def unexpected_problem(request: Request, error: Exception) -> Response:
    """Answer a fault of ours: the log has the traceback, the client only the request's id to quote."""
    log.error("request_broke", exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    blank = Kind(type=BLANK, status=status, title=status.phrase)
    return problem(request, blank, detail="this is a fault of the server; its log has more under the request_id")


def problem(
    request: Request,
    kind: Kind,
    *,
    detail: str,
    more: MoreView | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem document; `more` are the fields that only some have."""
    body: ProblemView = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status.value,
        "detail": detail,
        "instance": request.url.path,
        "request_id": request.state.request_id,
        **(more or {}),
    }
    all_headers = {**_HEADERS.get(kind.status, {}), **(headers or {})}
    return Response(orjson.dumps(body), status_code=kind.status, media_type=MEDIA_TYPE, headers=all_headers)


def _refusal(request: Request, kind: Kind, error: app_errors.RateLimitedError) -> Response:
    """Say which limits were in the way. Of keys only that of the binding one is told, which is the asker's own."""
    more: MoreView = {"violated-policies": error.policies, "rate_limit_type": error.policies[0]}
    if error.key is not None:
        more["rate_limit_key"] = error.key
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return problem(request, kind, detail=str(error), more=more, headers=headers)


def problem_of(request: Request, error: Exception) -> Response:
    """Answer whatever has kept a request from being answered."""
    if isinstance(error, SwitchyardError):
        return known_problem(request, error)
    if isinstance(error, HTTPException):
        return http_problem(request, error)
    return unexpected_problem(request, error)
