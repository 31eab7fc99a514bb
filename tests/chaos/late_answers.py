"""A wire to Redis on which a test can hold answers back. It changes nothing of what it carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.chaos.wire import CHUNK_BYTES, answering, near_end_of


class LateAnswers:
    """Holds back answers to what has `words` in it, where they have `about` in them, until `go`."""

    def __init__(self, socket: str, *, words: bytes) -> None:
        self._socket = socket
        self._words = words
        self.about = b""  # nothing: none is held
        self.held = asyncio.Event()  # one is
        self.told = asyncio.Event()  # something about it went by on another connection
        self.go = asyncio.Event()

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        server, to_server = await asyncio.open_unix_connection(self._socket)
        has_asked = asyncio.Event()
        async with answering(self._answer(server, to_client, has_asked), to_server, to_client):
            while message := await client.read(CHUNK_BYTES):
                if self._words in message:
                    has_asked.set()
                else:
                    has_asked.clear()
                to_server.write(message)
                await to_server.drain()

    async def _answer(
        self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while chunk := await server.read(CHUNK_BYTES):
                is_about_it = bool(self.about) and self.about in chunk
                if is_about_it and asked.is_set():
                    self.held.set()
                    await self.go.wait()
                to_client.write(chunk)
                await to_client.drain()
                if is_about_it and not asked.is_set():
                    self.told.set()


@asynccontextmanager
async def late_answers(socket: str, *, words: bytes) -> AsyncIterator[tuple[str, LateAnswers]]:
    """Lay such a wire to the Redis at this socket; give the URL of its near end, and the wire."""
    wire = LateAnswers(socket, words=words)
    async with near_end_of(wire.carry) as url:
        try:
            yield url, wire
        finally:
            wire.go.set()
