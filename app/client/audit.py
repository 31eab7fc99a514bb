"""The audit log: who did what. For administrators."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import path_of
from app.client.shapes.audit import AuditEntry, AuditFilter
from app.client.transport import Transport


class Audit:
    """The audit log. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None, **wanted: Unpack[AuditFilter]) -> AsyncIterator[AuditEntry]:
        """Give entries, newest first, at most so many."""
        return items_of(self._transport, path_of("audit"), AuditEntry, most=most, **wanted)
