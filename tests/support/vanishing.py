"""A PostgreSQL in reach by TCP, whose host may vanish: nothing that is sent there is taken, and no word comes back."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from jobs.cancelling import cancel_until_ended

_CHUNK_BYTES = 64 * 1024
_SO_ATTACH_FILTER = 26  # Linux'
_TAKE_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)  # a classic BPF program of one instruction: return 0 bytes of it


class Far:
    """What is there. `url` is where that is."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""
        self._carrying: list[asyncio.Task[None]] = []

    async def carry(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        """Carry a connection on to the socket."""
        server, to_server = await asyncio.open_unix_connection(self._path)
        self._writers += [to_near, to_server]
        self._carrying += [asyncio.create_task(_copy(*way)) for way in ((near, to_server), (server, to_near))]

    def vanish(self) -> None:
        """Let the kernel drop all packets for it, those that acknowledge what it sends too."""
        program = ctypes.create_string_buffer(_TAKE_NOTHING, len(_TAKE_NOTHING))
        told = struct.pack("HP", 1, ctypes.addressof(program))
        for to_near in self._writers[::2]:
            to_near.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, told)

    async def close(self) -> None:
        """Close all connections."""
        await cancel_until_ended(self._carrying, again_s=1.0)
        for writer in self._writers:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


@asynccontextmanager
async def far_postgres(url: str) -> AsyncIterator[Far]:
    """Let the PostgreSQL whose socket `url` names be in reach by TCP, until the end."""
    parts = urlsplit(url)
    far = Far(f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432")
    listener = await asyncio.start_server(far.carry, "127.0.0.1", 0)
    far.url = f"postgresql://switchyard@127.0.0.1:{listener.sockets[0].getsockname()[1]}{parts.path}?sslmode=disable"
    try:
        yield far
    finally:
        listener.close()
        await far.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK_BYTES):
        target.write(chunk)
        await target.drain()
