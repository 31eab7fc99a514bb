"""Finds out who asks, and lets nobody near /api who is not known."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import UnauthenticatedError
from app.headers import header_of
from app.state import deps_of

PROTECTED = "/api/"
_AUTHORIZATION = b"authorization"


class Authentication:
    """Puts who asks where all others find it, or why nobody is known. It refuses nothing: that costs a token too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its sender; what lies outside /api is for everybody."""
        if scope["type"] == "http" and scope["path"].startswith(PROTECTED):
            authenticator = deps_of(Request(scope)).authenticator
            try:
                scope["state"]["identity"] = authenticator.identify(header_of(scope, _AUTHORIZATION))
            except UnauthenticatedError as error:
                scope["state"]["refusal"] = error
        await self._app(scope, receive, send)


class LoginRequired:
    """Lets those pass whom Authentication knows, and everybody outside /api; raises UnauthenticatedError."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once its sender is known."""
        if scope["type"] == "http" and scope["path"].startswith(PROTECTED) and "identity" not in scope["state"]:
            raise scope["state"]["refusal"]
        await self._app(scope, receive, send)
