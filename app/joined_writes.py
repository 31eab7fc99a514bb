"""Joins the first two writes of a turn of the event loop: the head of an answer goes out with its body, by one call."""

import asyncio
from typing import Any, cast


def joined(transport: asyncio.Transport) -> asyncio.Transport:
    """Give a transport that writes so; all else it leaves to this one."""
    return cast("asyncio.Transport", _JoinedWrites(transport))


class _JoinedWrites:
    """Holds a write until the next one, or until the loop's turn is over.

    uvicorn writes head and body each by itself, uvloop makes a system call of each at once, and the client is woken up
    twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._call_soon = asyncio.get_running_loop().call_soon
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write, or hold back for a moment what is the first."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data:
            self._held = data
            self._call_soon(self._flush)

    def abort(self) -> None:
        """Cut it off."""
        self._held = b""
        self._transport.abort()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a transport has
        """Do anything else, such as to close it, or to ask what the other side has not taken, once nothing is held."""
        self._flush()
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)
