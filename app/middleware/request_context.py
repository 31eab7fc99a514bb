"""Gives each request an id, which its logs and jobs have too, writes a line when it ends, counts it, answers errors."""

import re
import time

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.headers import header_of, headers_of
from app.problems import problem_of
from app.state import Deps, timed
from app.templates import UNKNOWN
from app.traffic import WAITING, Traffic
from jobs.errors import QuotaError
from jobs.ids import new_request_id
from jobs.logs import log_about
from jobs.origin import Origin, come_from, read_traceparent

HEADER = "X-Request-ID"
_RAW_HEADER = HEADER.lower().encode()
_TRACEPARENT = b"traceparent"

# What a client may choose: enough for any tracing system, nothing that could forge a line of the log.
_CHOSEN = re.compile(r"[A-Za-z0-9._:/=+-]{1,128}")

log = structlog.stdlib.get_logger(__name__)


class RequestContext:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, within its context."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = _origin_of(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = origin.request
        own, status = _headers_of(origin), 0
        began = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                more = state.get("headers", ())  # what others have to say in all answers, errors too
                message["headers"] = [*message["headers"], *own, *more]
            await send(message)

        log_about(origin)
        come_from(str(origin))
        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            log.info("client_vanished")  # in the middle of its body: nobody is there to be answered
        except Exception as error:  # the last place that can still answer
            if status:
                raise
            await _problem(scope, error)(scope, receive, watched)
        finally:
            _conclude(scope, status, time.perf_counter() - began)


def _problem(scope: Scope, error: Exception) -> Response:
    """Answer an error; count what a quota has refused."""
    if isinstance(error, QuotaError):
        _traffic_of(scope).refused(WAITING)
    return problem_of(Request(scope), error)


def _conclude(scope: Scope, status: int, took_s: float) -> None:
    """Count the answer, if there was one, by the route that RateLimit has found out; write the line of the request."""
    if status:
        route = scope["state"].get("route", UNKNOWN)
        _traffic_of(scope).answered(route, status, timed(scope, took_s))
    took_ms = round(1000 * took_s, 1)
    log.info("request_answered", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)


def _traffic_of(scope: Scope) -> Traffic:
    deps: Deps = scope["state"]["deps"]
    return deps.traffic


def _origin_of(scope: Scope) -> Origin:
    """Give what a request is to be known by. One with two trace contexts counts as having none, by the standard."""
    chosen = header_of(scope, _RAW_HEADER) or ""
    sent = headers_of(scope, _TRACEPARENT)
    return Origin(
        chosen if _CHOSEN.fullmatch(chosen) else new_request_id(),
        read_traceparent(sent[0]) if len(sent) == 1 else None,
    )


def _headers_of(origin: Origin) -> list[tuple[bytes, bytes]]:
    """Give what each answer says of it."""
    told = [(_RAW_HEADER, origin.request.encode())]
    return told if origin.traceparent is None else [*told, (_TRACEPARENT, origin.traceparent.encode())]
