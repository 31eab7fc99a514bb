"""Problems (RFC 9457)."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict


class MistakeView(TypedDict):
    """One wrong field: a JSON pointer (RFC 6901) to it, or a header's name, and what to do about it."""

    pointer: str
    detail: str


class ProblemView(TypedDict):
    """Why a request was not carried out (RFC 9457). It has changed nothing, unless its `detail` says so."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: NotRequired[Sequence[MistakeView]]
