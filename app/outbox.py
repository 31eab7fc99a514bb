"""Answers, and parts of them, that go out together: all that a turn of the event loop has made, one after the other.

To write to a socket wakes up who waits for it. Answers that are written while the next ones are made, each some tenths
of a millisecond after the last, find the client or the proxy asleep again, and to wake him costs as much each time as a
tenth of what the answer costs in all. Of those that follow each other at once the first one does it for all.
"""

import asyncio
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

_MOST_BYTES = 256 * 1024  # who makes more than that in a turn is to be told in time that nobody takes it


class Outbox:
    """Holds answers until the turn is over. Nothing else may be written to their connections meanwhile: flush first."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._held: list[tuple[asyncio.Transport, bytes]] = []
        self._bytes = 0

    def put(self, transport: asyncio.Transport, answer: bytes) -> None:
        """Take an answer, which is written before anything that is put into the loop from now on is run."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append((transport, answer))
        self._bytes += len(answer)
        if self._bytes > _MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all; a connection that has ended meanwhile gets nothing."""
        held, self._held, self._bytes = self._held, [], 0
        for transport, answer in held:
            if not transport.is_closing():
                transport.write(answer)


_outboxes: WeakKeyDictionary[ServerState, Outbox] = WeakKeyDictionary()


def outbox_of(server: ServerState, loop: asyncio.AbstractEventLoop) -> Outbox:
    """Give the one of all connections of a server, whose loop this is."""
    return _outboxes.setdefault(server, Outbox(loop))
