"""Component versions: which version of what is in use."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.shops import ComponentVersion, ComponentVersionChange, ComponentVersionFilter, VersionStatus
from app.client.transport import Transport


class ComponentVersions:
    """Component versions. All methods raise ClientErrors; all but `list` are for administrators."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self, *, most: int | None = None, **wanted: Unpack[ComponentVersionFilter]
    ) -> AsyncIterator[ComponentVersion]:
        """Give versions, newest first, at most so many."""
        path = path_of("data-sync", "component-versions")
        return items_of(self._transport, path, ComponentVersion, most=most, **wanted)

    async def add(
        self, component: str, version: str, *, status: VersionStatus = "active", notes: str = ""
    ) -> ComponentVersion:
        """Enter a version. ConflictError: it is there."""
        body = {"component": component, "version": version, "status": status, "notes": notes}
        return await self._transport.ask(
            Request(method="POST", path=path_of("data-sync", "component-versions"), body=body), ComponentVersion
        )

    async def change(self, version_id: str, **changes: Unpack[ComponentVersionChange]) -> ComponentVersion:
        """Give a version another status, or other notes."""
        path = path_of("data-sync", "component-versions", version_id)
        return await self._transport.ask(
            Request(method="PATCH", path=path, body={**changes}, is_repeatable=True), ComponentVersion
        )
