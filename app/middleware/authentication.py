"""Lets nobody near /api who is not known."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import UnauthenticatedError
from app.headers import header_of
from app.problems import known_problem
from app.state import deps_of

PROTECTED = "/api/"
_AUTHORIZATION = b"authorization"


class Authentication:
    """Puts who asks where endpoints find it, or answers 401."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once its sender is known; what lies outside /api is for everybody."""
        if scope["type"] == "http" and scope["path"].startswith(PROTECTED):
            request = Request(scope)
            try:
                identity = deps_of(request).authenticator.identify(header_of(scope, _AUTHORIZATION))
            except UnauthenticatedError as error:
                await known_problem(request, error)(scope, receive, send)
                return
            scope["state"]["identity"] = identity
        await self._app(scope, receive, send)
