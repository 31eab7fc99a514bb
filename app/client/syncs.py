"""Syncs: uploaded files on their way into the facts, one by one or many by one call."""

from collections.abc import AsyncIterator, Sequence
from typing import Literal

from app.client.pages import items_of
from app.client.request import Fields, Request, given, path_of
from app.client.shapes.files import Domain, Granularity, Sync, SyncBatch, SyncEntry, SyncSubmitted
from app.client.transport import Transport

_LARGE_S = 120.0


class Syncs:
    """Syncs of files. All methods raise ClientErrors. A `task_id` is that of a job or of a batch."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def one(self, file_id: str, *, priority: int | None = None) -> SyncSubmitted:
        """Sync a file; while a job of it is unfinished, that is the answer."""
        # Sent twice it is the same job, or one more that finds every row unchanged.
        request = Request(
            method="POST",
            path=path_of("data-sync", "single"),
            body=given(file_id=file_id, priority=priority),
            is_repeatable=True,
        )
        return await self._transport.ask(request, SyncSubmitted)

    async def these(self, file_ids: Sequence[str], *, priority: int | None = None) -> SyncBatch:
        """Sync these files, 1,000 at most."""
        return await self._many("batch-by-ids", given(file_ids=list(file_ids), priority=priority))

    async def due(
        self,
        *,
        platform: str | None = None,
        domains: Sequence[Domain] | None = None,
        granularities: Sequence[Granularity] | None = None,
        since_hours: float | None = None,
        most: int | None = None,
        priority: int | None = None,
    ) -> SyncBatch:
        """Sync files that are due, the oldest first, at most so many, 100 by default."""
        wanted = given(
            platform=platform,
            domains=domains,
            granularities=granularities,
            since_hours=since_hours,
            limit=most,
            priority=priority,
        )
        return await self._many("batch", wanted)

    async def all(self, *, priority: int | None = None) -> SyncBatch:
        """Sync all files that are due and have a template, as many as the quota takes."""
        return await self._many("batch-all", given(priority=priority))

    async def progress(self, task_id: str) -> Sync:
        """Say how far a sync is, of one file or of many."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("data-sync", "progress", task_id), is_repeatable=True), Sync
        )

    def list(
        self, *, most: int | None = None, state: Literal["running", "ended"] | None = None
    ) -> AsyncIterator[SyncEntry]:
        """Give what was submitted, newest first, at most so many."""
        return items_of(self._transport, path_of("data-sync", "tasks"), SyncEntry, most=most, state=state)

    async def _many(self, word: str, body: Fields) -> SyncBatch:
        # Not repeatable: a second one finds the files busy with the first, and gives no batch.
        request = Request(method="POST", path=path_of("data-sync", word), body=body, within_s=_LARGE_S)
        return await self._transport.ask(request, SyncBatch)
