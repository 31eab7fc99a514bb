"""Content of an answer taken for what it should be: the fields that are needed are there. No value is looked at."""

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import httpx

from app.client.errors import ForeignAnswerError

Shape = TypeVar("Shape")


def content_of(answer: httpx.Response, shape: type[Shape]) -> Shape:
    """Give the content of an answer, which is of this shape, a TypedDict. Raises ForeignAnswerError."""
    try:
        found = answer.json()
    except ValueError:
        raise ForeignAnswerError(
            f"{answer.request.url} answered without JSON: is this the address of a Switchyard?"
        ) from None
    return shaped(found, shape)


def shaped(found: object, shape: type[Shape]) -> Shape:
    """Take something for a shape. Raises ForeignAnswerError that names the fields that are missing."""
    needed: Any = getattr(shape, "__required_keys__", frozenset())
    if not isinstance(found, dict) or not needed <= found.keys():
        missing = ", ".join(sorted(needed - found.keys())) if isinstance(found, dict) else "all of it"
        raise ForeignAnswerError(f"an answer that should be a {shape.__name__} lacks {missing}: is the site older?")
    return cast("Shape", found)


def all_shaped(found: Sequence[object], shape: type[Shape]) -> Sequence[Shape]:
    """Take the items of a list for shapes."""
    return [shaped(one, shape) for one in found]
