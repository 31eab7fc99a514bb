"""Connections whose answers cost one write each, and wake their clients up once for all of a turn of the event loop."""

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.connection import keep_connection
from app.outbox import Outbox, outbox_of
from app.whole_answers import WholeAnswers


class AnsweringProtocol(HttpToolsProtocol):
    """A connection that answers by WholeAnswers, and whose requests know it."""

    outbox: Outbox

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Put answers where those of all connections of the server are."""
        super().connection_made(transport)
        self.outbox = outbox_of(self.server_state, self.loop)

    def data_received(self, data: bytes) -> None:
        """Answer what came before: what comes now may be answered at once, or end the connection."""
        self.outbox.flush()
        super().data_received(data)

    def eof_received(self) -> None:
        """Answer what came before: now the connection ends."""
        self.outbox.flush()
        super().eof_received()

    def on_headers_complete(self) -> None:
        """Begin with the request."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is before:  # it goes on as a WebSocket, of another protocol's
            return
        keep_connection(self.scope["state"], self.transport)
        self.cycle.__class__ = WholeAnswers  # uvicorn makes it by itself, and takes no other class
        cast("WholeAnswers", self.cycle).outbox = self.outbox
