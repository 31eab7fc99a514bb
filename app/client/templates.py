"""Templates: agreements on how a source's files look."""

from collections.abc import AsyncIterator
from typing import Unpack

from app.client.pages import items_of
from app.client.request import Request, path_of
from app.client.shapes.templates import NewTemplate, Template, TemplateFilter
from app.client.transport import Transport


class Templates:
    """Templates. All methods raise ClientErrors; to make and publish them is for administrators."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, most: int | None = None, **wanted: Unpack[TemplateFilter]) -> AsyncIterator[Template]:
        """Give templates of all versions, newest first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "templates"), Template, most=most, **wanted)

    async def add(self, **template: Unpack[NewTemplate]) -> Template:
        """Make the next version of a source's template, a draft: it counts once it is published."""
        request = Request(method="POST", path=path_of("data-sync", "templates"), body={**template})
        return await self._transport.ask(request, Template)

    async def show(self, template_id: str) -> Template:
        """Give a template."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("data-sync", "templates", template_id), is_repeatable=True), Template
        )

    async def publish(self, template_id: str) -> Template:
        """Let a draft count from the next sync on; ConflictError: a later version does."""
        path = path_of("data-sync", "templates", template_id, "publish")
        return await self._transport.ask(Request(method="POST", path=path, is_repeatable=True), Template)
