"""Connections that wait for their clients, but not for ever: one that neither reads nor sends is cut."""

import asyncio
import fcntl
import sys
import termios
from enum import StrEnum

import structlog
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.answering import AnsweringProtocol

_LOOK_S = 10.0

log = structlog.stdlib.get_logger(__name__)


class Awaited(StrEnum):
    """A word for what a client is to do."""

    READ = "read"  # the answer, or so much of it that the rest can be made
    HEAD = "head"  # the end of a request's head, of which something has come
    BODY = "body"  # more of a request's body


# So many times in a row a connection is found as it was, and then cut: after half a minute, and after a minute.
_LOOKS = {Awaited.READ: 3, Awaited.HEAD: 6, Awaited.BODY: 6}


class PatientProtocol(AnsweringProtocol):
    """A connection that is looked at now and then, and cut where its client keeps it waiting.

    uvicorn waits for ever, and keeps an answer that nobody reads in memory so long, also when it has closed the
    connection. Who reads on is not cut, however slowly, nor who sends a byte of a body now and then; a head is to be
    there as a whole. Looks are counted, not seconds: a process that was held up has not read what came meanwhile.

    What has sent nothing yet is idle, as after an answer, and ends in the same time.
    """

    next_look: asyncio.TimerHandle
    _found: tuple[Awaited, object] | None = None
    _times = 0
    _heard = 0  # how often something has come

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)
        self.next_look = self.loop.call_later(_LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        self.next_look.cancel()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        self._heard += 1
        super().data_received(data)

    @property
    def _last(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, which its type does not say

    @property
    def _is_idle(self) -> bool:
        return (last := self._last) is None or last.response_complete

    def _look(self) -> None:
        if self not in self.connections:  # it goes on as a WebSocket, of another protocol's
            return
        found = self._awaited()
        self._times = self._times + 1 if found == self._found else 0
        self._found = found
        if found is not None and self._times >= _LOOKS[found[0]]:
            log.info("connection_cut", awaited=found[0].value)
            self.transport.abort()
            return
        self.next_look = self.loop.call_later(_LOOK_S, self._look)

    def _awaited(self) -> tuple[Awaited, object] | None:
        """Say what the client is to do, and how far it has come; None where it is not his turn, or he is idle."""
        is_idle, last, left = self._is_idle, self._last, self.transport.get_write_buffer_size()
        if left and (is_idle or self.flow.write_paused or self.transport.is_closing()):
            return Awaited.READ, (left, _on_the_way(self.transport))
        if is_idle and self.timeout_keep_alive_task is not None:
            return None
        if last is not None and last.more_body:
            is_held_up = self.flow.read_paused or last.waiting_for_100_continue
            return None if is_held_up else (Awaited.BODY, self._heard)
        return (Awaited.HEAD, last) if is_idle else None


def _on_the_way(transport: asyncio.Transport) -> int:
    """Give the bytes that the client's side has not taken from the kernel, which asks for more only now and then.

    0 where the system does not tell, as macOS: there a slow client seems to stand still while it reads some megabytes.
    """
    try:
        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except OSError:
        return 0
    return int.from_bytes(told, sys.byteorder)
