"""Alerts: what is about to run out."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import path_of
from app.client.shapes.alerts import Alert, AlertFilter
from app.client.transport import Transport


class Alerts:
    """Alerts. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None, **wanted: Unpack[AlertFilter]) -> AsyncIterator[Alert]:
        """Give alerts of one's own files, an administrator everybody's, the one opened last first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "alerts"), Alert, most=most, **wanted)
