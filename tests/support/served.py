"""One connection to an application, served in the test's own loop: its server's side and its client's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

App = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def served(
    kind: type[HttpToolsProtocol], app: App, *, idle_s: float = 30, state: ServerState | None = None
) -> AsyncIterator[tuple[HttpToolsProtocol, asyncio.Transport, socket.socket]]:
    """Serve it by such a protocol; give that, its transport, and the client's socket, which does not block.

    All answers bear one date. The connection is closed when it has been idle for `idle_s` seconds. Those of one `state`
    are of one server.
    """
    config = Config(app, log_config=None, access_log=False)
    config.load()
    config.timeout_keep_alive = idle_s  # type: ignore[assignment]  # uvicorn's seconds are whole
    state = state or ServerState()
    state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"uvicorn")]
    protocol = kind(config, state, {}, asyncio.get_running_loop())
    protocol.access_log = False  # a logger with a handler, as pytest's, would be written to
    ours, theirs = socket.socketpair()
    theirs.settimeout(0)
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, sock=ours)
    try:
        yield protocol, transport, theirs
    finally:
        if protocol in state.connections or not transport.is_closing():  # asyncio cannot abort one that is lost
            transport.abort()
        theirs.close()
