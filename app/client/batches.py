"""Batches: many jobs by one request, all or none."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from app.client.events import BatchEvent, Event, ends_batch
from app.client.following import Following
from app.client.pages import items_of
from app.client.request import Request, given, keyed, path_of
from app.client.shapes.batches import Batch
from app.client.shapes.jobs import NewJob
from app.client.transport import Transport

_LARGE_S = 120.0  # 10,000 jobs are checked and stored


class Batches:
    """Batches of jobs. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def submit(
        self,
        jobs: Sequence[NewJob],
        *,
        name: str | None = None,
        on_complete: NewJob | None = None,
        idempotency_key: str | None = None,
    ) -> Batch:
        """Submit 1 to 10,000 jobs, all or none, once however often it is sent; `on_complete` follows the last of them.

        A wrong one refuses all: InvalidInputError names it, `/jobs/17/args/name`.
        """
        request = Request(
            method="POST",
            path=path_of("batches"),
            body=given(jobs=jobs, name=name, on_complete=on_complete),
            headers=keyed(idempotency_key),
            is_repeatable=True,
            within_s=_LARGE_S,
        )
        return await self._transport.ask(request, Batch)

    async def show(self, batch_id: str) -> Batch:
        """Give a batch with its jobs counted by state."""
        return await self._transport.ask(
            Request(method="GET", path=path_of("batches", batch_id), is_repeatable=True), Batch
        )

    def list(self, *, most: int | None = None) -> AsyncIterator[Batch]:
        """Give one's own batches, an administrator everybody's, newest first, at most so many."""
        return items_of(self._transport, path_of("batches"), Batch, most=most)

    async def wait(self, batch_id: str) -> Batch:
        """Wait until the last of its jobs has ended; give the batch."""
        batch: Batch | None = None
        async for event in self.follow(batch_id):
            if isinstance(event, BatchEvent):
                batch = event.batch
        return batch or await self.show(batch_id)

    def follow(self, batch_id: str) -> AsyncGenerator[Event, None]:
        """Give a batch and its unfinished jobs, then what happens to them, up to its end; also over broken lines."""
        return Following(self._transport, path_of("batches", batch_id, "events"), ends=ends_batch).events()

    async def cancel(self, batch_id: str) -> Batch:
        """Stop all its jobs that have not ended."""
        return await self._transport.ask(
            Request(method="POST", path=path_of("batches", batch_id, "cancel"), is_repeatable=True, within_s=_LARGE_S),
            Batch,
        )

    async def retry(self, batch_id: str) -> Batch:
        """Run once more those of its jobs that failed, were cancelled or have expired; ConflictError: none."""
        return await self._transport.ask(
            Request(method="POST", path=path_of("batches", batch_id, "retry"), within_s=_LARGE_S), Batch
        )
