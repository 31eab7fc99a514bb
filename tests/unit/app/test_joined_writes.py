"""Writes of one turn of the loop go out together; nothing is held for longer, or lost."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from app.joined_writes import joined


class _Counted:
    """A real transport that tells what was written by each call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a transport has
        return getattr(self._transport, name)


@asynccontextmanager
async def _connection() -> AsyncIterator[tuple[asyncio.Transport, list[bytes], asyncio.StreamReader]]:
    """Give a joined transport, what was written by each of its calls, and what arrives."""
    ours, theirs = socket.socketpair()
    real, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    counted = _Counted(real)
    transport: Any = counted
    try:
        yield joined(transport), counted.writes, reader
    finally:
        real.abort()
        writer.close()


async def test_a_head_goes_out_with_its_body() -> None:
    """By one call, and nothing is left to be written."""
    async with _connection() as (transport, writes, reader):
        transport.write(b"head ")
        assert writes == []
        transport.write(b"body")
        assert writes == [b"head body"]
        assert await reader.readexactly(9) == b"head body"
        await asyncio.sleep(0)
        assert writes == [b"head body"]


async def test_a_head_without_a_body_goes_out_by_itself() -> None:
    """One whose body is empty at once; one whose body comes later, as that of a stream, in the next turn."""
    async with _connection() as (transport, writes, reader):
        transport.write(b"empty")
        transport.write(b"")
        assert writes == [b"empty"]
        transport.write(b"stream")
        assert await reader.readexactly(11) == b"emptystream"
        for part in (b"one", b"two", b"three"):
            transport.write(part)
        assert await reader.readexactly(11) == b"onetwothree"
        assert writes == [b"empty", b"stream", b"onetwo", b"three"]


async def test_what_the_other_side_takes_counts_as_written() -> None:
    """Who asks how much it has not taken is told of what it would not take, not of what it was not given yet."""
    async with _connection() as (transport, writes, reader):
        transport.write(b"event")
        assert transport.get_write_buffer_size() == 0
        assert writes == [b"event"]
        transport.write(bytes(10_000_000))
        assert transport.get_write_buffer_size() > 1_000_000
        assert len(await reader.readexactly(10_000_005)) == 10_000_005
        assert transport.get_write_buffer_size() == 0


async def test_what_is_held_is_written_before_the_end() -> None:
    """Who closes the connection, or ends his side of it, has said all; who cuts it off says no more."""
    async with _connection() as (transport, _, reader):
        transport.write(b"last words")
        transport.write_eof()
        assert await reader.read() == b"last words"
    async with _connection() as (transport, _, reader):
        transport.write(b"last words")
        transport.close()
        assert await reader.read() == b"last words"
        assert transport.is_closing()
    async with _connection() as (transport, writes, reader):
        transport.write(b"too late")
        transport.abort()
        assert await reader.read() == b""
        assert writes == []
