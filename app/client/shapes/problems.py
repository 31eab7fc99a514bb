"""Problems (RFC 9457)."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class Mistake(TypedDict):
    """One wrong field: a JSON pointer (RFC 6901) to it, or a header's name, and what to do about it."""

    pointer: str
    detail: str


# What only some problems have. A hyphen is in no name of Python's.
_Refusal = TypedDict("_Refusal", {"violated-policies": NotRequired[Sequence[str]]})


class Problem(_Refusal):
    """Why a request was not carried out."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: NotRequired[Sequence[Mistake]]
    rate_limit_type: NotRequired[str]
    rate_limit_key: NotRequired[str]
