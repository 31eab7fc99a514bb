"""Finds out who asks, and lets nobody near /api who is not known. Pages lead him to the login by themselves."""

from collections.abc import Iterable

from starlette.requests import cookie_parser
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth import bearer_of
from app.errors import UnauthenticatedError
from app.headers import header_of
from app.identity import SESSION_COOKIE
from app.origin import is_from_us
from app.state import Deps
from app.templates import Templates
from jobs.errors import StoreUnavailableError

PROTECTED = "/api/"
OPEN = frozenset({"/api/auth/login"})  # where one comes in

_AUTHORIZATION = b"authorization"
_COOKIE = b"cookie"
_CHANGES_NOTHING = frozenset({"GET", "HEAD", "OPTIONS"})


class Authentication:
    """Puts who asks where all others find it, or why nobody is known. It refuses nobody: a wrong key is limited too."""

    def __init__(self, app: ASGIApp, pages: Iterable[Route]) -> None:
        """`pages` are those that show people what is theirs."""
        self._app = app
        self._pages = Templates(pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its sender where that is of interest."""
        if scope["type"] == "http" and (is_protected(scope["path"]) or self._pages.have(scope["path"])):
            state = scope["state"]
            deps: Deps = state["deps"]
            authenticator = deps.authenticator
            try:
                sent = _sent(scope)
                state["identity"] = authenticator.recall(sent) or await authenticator.identify(sent)
                state["credential"] = sent
            except (UnauthenticatedError, StoreUnavailableError) as error:
                state["refusal"] = error
        await self._app(scope, receive, send)


class LoginRequired:
    """Lets those pass whom Authentication knows; raises what it found out about others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once its sender is known; what lies outside /api is for everybody."""
        if scope["type"] == "http" and is_protected(scope["path"]) and "identity" not in scope["state"]:
            raise scope["state"]["refusal"]
        await self._app(scope, receive, send)


def is_protected(path: str) -> bool:
    """Say whether a path is for those alone who are known."""
    return path.startswith(PROTECTED) and path not in OPEN


def _sent(scope: Scope) -> str:
    """Give the key or session token that was sent. Raises UnauthenticatedError where there is none that counts."""
    authorization = header_of(scope, _AUTHORIZATION)
    if authorization is None and (cookie := header_of(scope, _COOKIE)) is not None:
        session = cookie_parser(cookie).get(SESSION_COOKIE)
        if session is not None:
            if scope["method"] not in _CHANGES_NOTHING and not is_from_us(scope):
                raise UnauthenticatedError(
                    "for changes the session's cookie counts only if a page of this host sends it, as Sec-Fetch-Site "
                    "or Origin says; programs send the token as Authorization: Bearer"
                )
            return session
    return bearer_of(authorization, "API key")
