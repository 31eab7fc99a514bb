"""Content of an answer taken for what it should be: the fields that are needed are there. No value is looked at.

What may be None is None where a site does not know it yet: what was done is done, though the site is older than this.
"""

from collections.abc import Sequence
from functools import cache
from types import NoneType
from typing import Any, TypeVar, cast, get_args, get_type_hints

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
    known: Any = shape
    if not isinstance(found, dict):
        raise ForeignAnswerError(f"an answer that should be a {shape.__name__} lacks all of it: is the site older?")
    missing: frozenset[str] = getattr(known, "__required_keys__", frozenset()) - found.keys()
    if missing and (beyond := missing - _may_be_none(known)):
        lacks = ", ".join(sorted(beyond))
        raise ForeignAnswerError(f"an answer that should be a {shape.__name__} lacks {lacks}: is the site older?")
    return cast("Shape", found if not missing else {**found, **dict.fromkeys(missing)})


@cache
def _may_be_none(shape: type[object]) -> frozenset[str]:
    return frozenset(name for name, hint in get_type_hints(shape).items() if NoneType in get_args(hint))


def all_shaped(found: Sequence[object], shape: type[Shape]) -> Sequence[Shape]:
    """Take the items of a list for shapes."""
    return [shaped(one, shape) for one in found]
