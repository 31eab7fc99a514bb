"""Problems (RFC 9457)."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict


class MistakeView(TypedDict):
    """One wrong field: a JSON pointer (RFC 6901) to it, or a header's name, and what to do about it."""

    pointer: str
    detail: str


# What only some problems have. A hyphen is in no name of Python's.
_Refusal = TypedDict("_Refusal", {"violated-policies": NotRequired[Sequence[str]]})


class MoreView(_Refusal):
    """What only some problems have: mistakes of the input, or which rate limits are used up, and whose."""

    errors: NotRequired[Sequence[MistakeView]]
    rate_limit_type: NotRequired[str]
    rate_limit_key: NotRequired[str]


class ProblemView(MoreView):
    """Why a request was not carried out (RFC 9457). It has changed nothing, unless its `detail` says so."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
