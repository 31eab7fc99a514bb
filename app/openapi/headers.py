"""Headers as the document describes them: of answers, where X-Request-ID is always one, and of requests."""

from app.openapi.operation import CHOSEN_ID, LIMITED, REQUEST_ID, Header
from app.openapi.schemas import Schema

_WHERE = "#/components/headers/"


def described(*headers: Header, limited: bool) -> Schema:
    """Describe the headers of an answer; those of limits, which most have, are referred to."""
    referred = {header.name: {"$ref": f"{_WHERE}{header.name}"} for header in LIMITED} if limited else {}
    return {header.name: _described(header) for header in (*headers, REQUEST_ID)} | referred


def shared() -> Schema:
    """Describe the headers that `described` refers to, by name."""
    return {header.name: _described(header) for header in LIMITED}


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
        for header in (*headers, CHOSEN_ID)
    ]
