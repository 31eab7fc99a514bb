"""What uvicorn would send by two writes goes out by one, byte for byte; all else goes as uvicorn sends it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.lingering import LingeringProtocol
from tests.support.served import App, served

Headers = list[tuple[bytes, bytes]]

_GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
_HEAD = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
_CLOSING = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_OLD = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"
_UPGRADE = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
_EXPECTING = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nbody"
_PLAIN: Headers = [(b"content-length", b"5"), (b"content-type", b"text/plain"), (b"x-one", b"caf\xe9, \t2")]


class _Counted:
    """A real transport that counts its writes."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += bool(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever a transport has
        return getattr(self._transport, name)


def _answering(headers: Headers, *parts: bytes, status: int = 200) -> App:
    """Give an application that sends these parts of a body."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, part in enumerate(parts, 1):
            await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})

    return app


async def _failing(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _PLAIN})
    raise RuntimeError("between head and body")


@asynccontextmanager
async def _connected(
    kind: type[HttpToolsProtocol], app: App
) -> AsyncIterator[tuple[HttpToolsProtocol, _Counted, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve one connection; give its server's side, and the client's."""
    async with served(kind, app) as (protocol, transport, client):
        counted: Any = _Counted(transport)
        protocol.transport = counted
        reader, writer = await asyncio.open_connection(sock=client)
        try:
            yield protocol, counted, reader, writer
        finally:
            writer.close()


async def _answered(protocol: HttpToolsProtocol, transport: _Counted) -> None:
    """Wait until all that was asked is answered, or the connection is closed."""
    cycle: RequestResponseCycle | None = None
    while not transport.is_closing() and (cycle is None or not cycle.response_complete or protocol.tasks):
        await asyncio.sleep(0)
        cycle = protocol.cycle


async def _exchange(kind: type[HttpToolsProtocol], app: App, asked: bytes) -> tuple[bytes, int]:
    """Send requests, and end the client's side; give all that comes back, and by how many writes."""
    async with _connected(kind, app) as (protocol, counted, reader, writer):
        writer.write(asked)
        await _answered(protocol, counted)
        counted.close()
        return await reader.read(), counted.writes


@pytest.mark.parametrize(
    ("app", "asked", "writes"),
    [
        pytest.param(_answering(_PLAIN, b"12345"), _GET, 1, id="plain"),
        pytest.param(_answering(_PLAIN, b"12345", status=404), _GET, 1, id="of another status"),
        pytest.param(_answering([(b"content-length", b"0")], b""), _GET, 1, id="with nothing in it"),
        pytest.param(_answering(_PLAIN, b"12345"), _EXPECTING, 2, id="of a client that has waited to go on"),
        pytest.param(_answering(_PLAIN, b"12", b"345"), _GET, 3, id="in parts"),
        pytest.param(_answering([(b"x", b"y")], b"12345"), _GET, 2, id="of no length that is known"),
        pytest.param(_answering([(b"x", b"y")], b"12", b"", b"345", b""), _GET, 4, id="in chunks"),
        pytest.param(_answering([(b"x", b"y")], b"12", b"345"), _HEAD, 1, id="of a head alone, in chunks"),
        pytest.param(_answering([(b"x", b"y")], b"12", b"345"), _CLOSING, 3, id="in chunks to who wants an end"),
        pytest.param(_answering([(b"x", b"y")], b"12", b"345"), _EXPECTING, 4, id="in chunks to who has waited"),
        pytest.param(_answering([(b"content-length", b"5"), (b"X-Big", b"y")], b"12345"), _GET, 2, id="in capitals"),
        pytest.param(_answering([*_PLAIN, (b"connection", b"close")], b"12345"), _GET, 2, id="that ends it"),
        pytest.param(_answering(_PLAIN, b"12345"), _CLOSING, 2, id="to who wants an end"),
        pytest.param(_answering(_PLAIN, b"12345"), _OLD, 2, id="to an old client"),
        pytest.param(_answering(_PLAIN, b"12345"), _HEAD, 1, id="of a head alone"),
        pytest.param(_answering([], b"", status=204), _GET, 1, id="without a body"),
        pytest.param(_answering(_PLAIN, b"1234"), _GET, 2, id="that is too short"),
        pytest.param(_answering(_PLAIN, b"123456"), _GET, 1, id="that is too long"),
        pytest.param(_answering([*_PLAIN, (b"x", b"1\r\ny: 2")], b"12345"), _GET, 0, id="with a line too many"),
        pytest.param(_answering([*_PLAIN, (b"x: 1\r\ny", b"2")], b"12345"), _GET, 0, id="with a name of two lines"),
        pytest.param(_answering([*_PLAIN, (b"x y", b"2")], b"12345"), _GET, 0, id="with a name that is none"),
    ],
)
async def test_an_answer_is_what_uvicorn_sends(app: App, asked: bytes, writes: int) -> None:
    """Byte for byte; of two requests that come at once too."""
    told, _ = await _exchange(HttpToolsProtocol, app, asked)
    assert told.startswith(b"HTTP/1.1 ") == (writes > 0)
    assert await _exchange(LingeringProtocol, app, asked) == (told, writes)
    twice, _ = await _exchange(HttpToolsProtocol, app, asked * 2)
    assert (await _exchange(LingeringProtocol, app, asked * 2))[0] == twice


async def test_a_connection_may_go_on_as_a_websocket() -> None:
    """Where a package for that is installed, which none of ours needs: uvicorn hands it over."""
    told: list[bytes] = []

    class Taken(asyncio.Protocol):
        def __init__(self, **_: object) -> None: ...

        def data_received(self, data: bytes) -> None:
            told.append(data)

    async with _connected(LingeringProtocol, _failing) as (protocol, _, _, _):
        protocol.ws_protocol_class = Taken
        protocol.data_received(_UPGRADE)
    assert told == [_UPGRADE]


async def test_an_answer_that_breaks_off_before_its_body_ends_the_connection() -> None:
    """Its head is not sent alone: nothing says that there is an answer."""
    assert await _exchange(LingeringProtocol, _failing, _GET) == (b"", 0)


async def test_who_has_gone_is_sent_nothing() -> None:
    """Nor is anything written to what is closed, if he goes between head and body."""
    ended = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _PLAIN})
        gone.abort()
        await lost.wait()
        await send({"type": "http.response.body", "body": b"12345"})
        ended.set()

    class Watched(LingeringProtocol):
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            lost.set()

    lost = asyncio.Event()
    async with _connected(Watched, app) as (_, gone, _, writer):
        writer.write(_GET)
        await ended.wait()
        assert gone.writes == 0


async def test_a_server_that_stops_between_head_and_body_ends_the_connection_with_the_answer() -> None:
    """As without that: the client reads the answer, and then the end."""
    stopped, sent = asyncio.Event(), asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _PLAIN})
        sent.set()
        await stopped.wait()
        await send({"type": "http.response.body", "body": b"12345"})

    async with _connected(LingeringProtocol, app) as (protocol, _, reader, writer):
        writer.write(_GET)
        await sent.wait()
        protocol.shutdown()
        stopped.set()
        assert (await reader.read()).endswith(b"\r\n\r\n12345")
