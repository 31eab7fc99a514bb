"""The audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict


class AuditEntry(TypedDict):
    """What somebody did. `outcome` is `done`, `refused`, or `wanted` where its object tells what became of it."""

    id: int
    at: str
    actor: str
    action: str
    object_type: str
    object_id: str
    outcome: str
    request_id: str | None
    address: str | None
    details: Mapping[str, Any]


class AuditFilter(TypedDict, total=False):
    """Which entries are listed: whose, such as `queue.pause`, of which object, and done when: `after` is included."""

    actor: str
    action: str
    object_id: str
    after: datetime
    before: datetime
