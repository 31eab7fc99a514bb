"""Looks a header up in an ASGI scope, without the mapping of all of them that Starlette makes for each look."""

from starlette.types import Scope


def header_of(scope: Scope, name: bytes) -> str | None:
    """Give the first header of this name, in lower case as servers hand names over; None where there is none."""
    for found, value in scope["headers"]:
        if found == name:
            return str(value, "latin-1")
    return None


def headers_of(scope: Scope, name: bytes) -> list[str]:
    """Give all headers of this name, in the order in which they came."""
    return [str(value, "latin-1") for found, value in scope["headers"] if found == name]
