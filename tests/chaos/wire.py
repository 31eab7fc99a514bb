"""A wire to Redis that a test can cut at the very message that it names. It changes nothing of what it carries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

_CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Where to cut: at the first message from a client that has all of `words` in it.

    `arrives` says whether Redis still gets that message; its answer is lost in either case.
    """

    words: tuple[bytes, ...]
    arrives: bool


class Wire:
    """Carries connections to a unix socket until its cut is made, and after it again."""

    def __init__(self, socket: str, cut: Cut) -> None:
        self._socket = socket
        self._cut = cut
        self.was_cut = asyncio.Event()

    async def carry(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        server, to_server = await asyncio.open_unix_connection(self._socket)
        back = asyncio.create_task(_copy(server, to_client))
        try:
            while message := await client.read(_CHUNK_BYTES):
                if self._is_due(message):
                    self.was_cut.set()
                    back.cancel()
                    if self._cut.arrives:
                        to_server.write(message)
                        await to_server.drain()
                        await server.read(_CHUNK_BYTES)
                    break
                to_server.write(message)
                await to_server.drain()
        except OSError:
            pass
        finally:
            back.cancel()
            with suppress(asyncio.CancelledError):
                await back
            to_server.close()
            to_client.close()

    def _is_due(self, message: bytes) -> bool:
        return not self.was_cut.is_set() and all(word in message for word in self._cut.words)


@asynccontextmanager
async def wire_to(socket: str, cut: Cut) -> AsyncIterator[tuple[str, Wire]]:
    """Lay a wire to the Redis at this socket; give the URL of its near end, and the wire."""
    wire = Wire(socket, cut)
    listener = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{listener.sockets[0].getsockname()[1]}/0", wire
    finally:
        listener.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await source.read(_CHUNK_BYTES):
            target.write(chunk)
            await target.drain()
    target.close()
