"""Whether a browser sends a request from a page of ours, by what it says of that itself. Pure.

A page of somebody else can make a browser send our cookie along, and not change these headers.
"""

from urllib.parse import urlsplit

from starlette.types import Scope

from app.headers import header_of

_SITE = b"sec-fetch-site"
_ORIGIN = b"origin"
_HOST = b"host"
_SAME = "same-origin"


def is_from_us(scope: Scope) -> bool:
    """Say whether the sender says to be a page of this host."""
    site, origin = header_of(scope, _SITE), header_of(scope, _ORIGIN)
    if site is not None:
        return site == _SAME
    return origin is not None and _host_of(origin) == header_of(scope, _HOST)


def is_from_elsewhere(scope: Scope) -> bool:
    """Say whether the sender says to be a page of another host. Programs that are no browsers say nothing."""
    says = header_of(scope, _SITE) is not None or header_of(scope, _ORIGIN) is not None
    return says and not is_from_us(scope)


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None
