"""Refuses bodies that are too long, before they are read where they say so, and else while they are."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import TooLargeError
from app.headers import header_of
from app.problems import known_problem
from jobs.tasks.data_sync.uploads import LARGEST_BYTES

_MIB = 1024 * 1024
DEFAULT_BYTES = _MIB
_CONTENT_LENGTH = b"content-length"

# An upload's form has a little more than the file in it.
LIMITS = {"/api/data-sync/files": LARGEST_BYTES + _MIB, "/api/batches": 16 * _MIB}


class BodyLimit:
    """Lets as many bytes through as the path takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with a counted body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = LIMITS.get(scope["path"], DEFAULT_BYTES)
        announced = header_of(scope, _CONTENT_LENGTH) or ""
        if announced.isdecimal() and int(announced) > limit:
            await known_problem(Request(scope), _refusal(limit))(scope, receive, send)
            return
        got = 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                raise _refusal(limit)
            return message

        await self._app(scope, counted, send)


def _refusal(limit: int) -> TooLargeError:
    return TooLargeError(f"the body may have {limit:,} bytes")
