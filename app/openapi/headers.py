"""Headers as the document describes them: of answers, where X-Request-ID is always one, and of requests."""

from collections.abc import Sequence

from app.openapi.operation import CHOSEN_ID, LIMITED, REQUEST_ID, TRACEPARENT, TRACEPARENT_BACK, Header
from app.openapi.schemas import Schema

_WHERE = "#/components/headers/"


def described(*headers: Header, limited: bool) -> Schema:
    """Describe the headers of an answer; what most answers may have is referred to."""
    referred = {name: {"$ref": f"{_WHERE}{name}"} for name in (header.name for header in _shared(limited=limited))}
    return {header.name: _described(header) for header in (*headers, REQUEST_ID)} | referred


def shared() -> Schema:
    """Describe the headers that `described` refers to, by name."""
    return {header.name: _described(header) for header in _shared(limited=True)}


def _shared(*, limited: bool) -> Sequence[Header]:
    return (TRACEPARENT_BACK, *LIMITED) if limited else (TRACEPARENT_BACK,)


def _described(header: Header) -> Schema:
    return {
        "description": header.meaning,
        "required": header is REQUEST_ID,
        "schema": dict(header.schema),
        "example": header.example,
    }


def asked(*headers: Header) -> list[Schema]:
    """Describe the headers that a client may send; without examples, which the page would send as they stand."""
    return [
        {
            "name": header.name,
            "in": "header",
            "description": header.meaning,
            "schema": dict(header.schema),
        }
        for header in (*headers, CHOSEN_ID, TRACEPARENT)
    ]
