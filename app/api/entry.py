"""The way in and out, by whatever form: what each login checks first, and the cookie that it leaves in a browser."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from app.errors import UnauthenticatedError
from app.headers import header_of
from app.identity import SESSION_COOKIE
from app.login import Session
from app.origin import is_from_elsewhere

_SCHEME = b"x-forwarded-proto"


def require_own_page(request: Request) -> None:
    """Raise UnauthenticatedError where a page of another host asks: it would log in whoever looks at it as it likes."""
    if is_from_elsewhere(request.scope):
        raise UnauthenticatedError("a page of another host may not log anybody in here")


def give_cookie(request: Request, response: Response, session: Session) -> None:
    """Let the browser send the session's token from now on, until that ends."""
    _set(request, response, session.token, lasts_s=(session.expires_at - datetime.now(UTC)).total_seconds())


def take_cookie_back(request: Request, response: Response) -> None:
    """Let it send nothing any more."""
    _set(request, response, "", lasts_s=0)


def _set(request: Request, response: Response, token: str, *, lasts_s: float) -> None:
    """Set the cookie. No script reads it, and no other site's form brings it."""
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=max(0, int(lasts_s)),
        path="/",
        secure=_is_by_https(request),
        httponly=True,
        samesite="lax",
    )
    response.headers["cache-control"] = "no-store"


def _is_by_https(request: Request) -> bool:
    """Say whether the browser has come by HTTPS, or a proxy says so, whoever that is.

    Who says so without reason harms himself alone: his browser will not send the cookie.
    """
    said = header_of(request.scope, _SCHEME) or ""  # of several proxies the browser's is the first
    return "https" in {request.url.scheme, said.partition(",")[0].strip().lower()}
