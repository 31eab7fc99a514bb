"""Queues, and the workers that serve them."""

from collections.abc import Sequence

from app.client.pages import all_of
from app.client.request import Request, path_of
from app.client.shapes.queues import Pause, Queue, Worker
from app.client.transport import Transport


class Queues:
    """Queues. All methods raise ClientErrors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> Sequence[Queue]:
        """Say how each queue does."""
        return await all_of(self._transport, path_of("queues"), Queue)

    async def pause(self, name: str) -> Pause:
        """Let nothing of a queue start any more; what runs goes on. For administrators."""
        return await self._turn(name, "pause")

    async def resume(self, name: str) -> Pause:
        """Let a queue go on. For administrators."""
        return await self._turn(name, "resume")

    async def workers(self) -> Sequence[Worker]:
        """Give the worker processes that live."""
        return await all_of(self._transport, path_of("workers"), Worker)

    async def _turn(self, name: str, word: str) -> Pause:
        return await self._transport.ask(
            Request(method="POST", path=path_of("queues", name, word), is_repeatable=True), Pause
        )
