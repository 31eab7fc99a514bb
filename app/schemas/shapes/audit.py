"""The audit log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from typing_extensions import TypedDict


class AuditView(TypedDict):
    """What somebody did. `outcome` is `done`, `refused`, or `wanted` where its object tells what became of it."""

    id: int
    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str | None
    address: str | None
    details: Mapping[str, Any]


class AuditList(TypedDict):
    """A page of the log, newest first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[AuditView]
    next_cursor: str | None
