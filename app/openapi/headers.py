"""Headers as the document describes them: of answers, where X-Request-ID is always one, and of requests."""

from app.openapi.operation import CHOSEN_ID, REQUEST_ID, Header
from app.openapi.schemas import Schema


def described(*headers: Header) -> Schema:
    """Describe the headers of an answer."""
    return {
        header.name: {
            "description": header.meaning,
            "required": header is REQUEST_ID,
            "schema": dict(header.schema),
            "example": header.example,
        }
        for header in (*headers, REQUEST_ID)
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
