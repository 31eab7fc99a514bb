"""Connections whose clients neither read nor send: they are cut, and those of slow clients are not."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import pytest
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.lingering import LingeringProtocol
from tests.support.conditions import eventually
from tests.support.served import App, served

_LOOK_S: Final = 0.05
_MANY_LOOKS_S: Final = 12 * _LOOK_S  # twice as many as the longest patience
_GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
_CLOSING: Final = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
_OLD: Final = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"
_POST: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n"
_EXPECTING: Final = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n"
_HALF: Final = b"GET / HTT"
_MUCH: Final = 1_000_000  # no socket takes it at once
_GULP: Final = 40_000  # what a socket holds is several of it

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run in each loop, with looks that follow each other fast."""
    monkeypatch.setattr("app.patience._LOOK_S", _LOOK_S)

    def run_in(scenario: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(scenario)

    return run_in


def _answering(*parts: int, then: Callable[[], Awaitable[None]] | None = None) -> App:
    """Give an application that reads the body, and answers by parts of so many bytes."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        length = b"%d" % sum(parts)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for number, size in enumerate(parts, 1):
            more = number < len(parts) or then is not None
            await send({"type": "http.response.body", "body": bytes(size), "more_body": more})
        if then is not None:
            await then()

    return app


async def _break_off() -> None:
    raise RuntimeError("in the middle of the answer")


async def _answer(client: socket.socket) -> bytes:
    async with asyncio.timeout(30):
        return await asyncio.get_running_loop().sock_recv(client, 4096)


async def _is_cut(protocol: HttpToolsProtocol) -> None:
    """Wait until a connection is gone, and all that was asked by it is over."""

    async def is_gone() -> bool:
        return protocol not in protocol.connections and not protocol.tasks

    await eventually(is_gone)


@pytest.mark.parametrize(
    ("app", "asked"),
    [
        pytest.param(_answering(_MUCH), _GET, id="whole"),
        pytest.param(_answering(_MUCH), _CLOSING, id="last"),
        pytest.param(_answering(_MUCH), _OLD, id="to an old client"),
        pytest.param(_answering(*[_MUCH // 10] * 10), _GET, id="in parts"),
        pytest.param(_answering(*[_MUCH // 10] * 10), _CLOSING, id="last, in parts"),
        pytest.param(_answering(_MUCH, then=_break_off), _GET, id="broken off"),
        pytest.param(_answering(_MUCH), _GET + b"G\r\n\r\n", id="before what is no request"),
        pytest.param(_answering(_MUCH), _GET + _POST, id="before half a request"),
        pytest.param(_answering(2_000), _GET * 200, id="many small ones"),
    ],
)
def test_an_answer_that_nobody_reads_is_not_kept(run: Run, app: App, asked: bytes) -> None:
    """The connection is cut, with what is left of the answer."""

    async def scenario() -> None:
        async with served(LingeringProtocol, app) as (protocol, _, client):
            await asyncio.get_running_loop().sock_sendall(client, asked)
            await _is_cut(protocol)

    run(scenario())


@pytest.mark.parametrize("asked", [_GET, _CLOSING])
@pytest.mark.parametrize("parts", [[_MUCH], [_MUCH // 10] * 10], ids=["whole", "in parts"])
def test_who_reads_slowly_reads_all(run: Run, parts: list[int], asked: bytes) -> None:
    """Also while the kernel still has enough, and takes nothing more from the process."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with served(LingeringProtocol, _answering(*parts)) as (_, _, client):
            await loop.sock_sendall(client, asked)
            got = b""
            while len(got) < _MUCH:
                some = await loop.sock_recv(client, _GULP)
                assert some, f"cut after {len(got)} bytes"
                got += some
                await asyncio.sleep(_LOOK_S)

    run(scenario())


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(_HALF, id="half a head"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(_POST, id="no body"),
        pytest.param(_POST + b"half", id="half a body"),
        pytest.param(_GET + _POST + b"half", id="half a body together with another request"),
        pytest.param(_EXPECTING + b"half", id="half a body of one that was waited for"),
    ],
)
@pytest.mark.parametrize("before", [b"", _GET], ids=["first", "after another"])
def test_half_a_request_is_not_waited_for_for_ever(run: Run, before: bytes, sent: bytes) -> None:
    """Whatever half it is."""

    async def scenario() -> None:
        async with served(LingeringProtocol, _answering(10)) as (protocol, _, client):
            if before:
                client.send(before)
                await _answer(client)
            client.send(sent)
            await _is_cut(protocol)

    run(scenario())


def test_a_head_is_to_be_there_as_a_whole(run: Run) -> None:
    """Who goes on sending a byte of it now and then is cut too."""

    async def scenario() -> None:
        async with served(LingeringProtocol, _answering(10)) as (protocol, transport, client):
            client.send(b"GET / HTTP/1.1\r\nx: ")
            while not transport.is_closing():
                client.send(b"x")
                await asyncio.sleep(_LOOK_S)
            await _is_cut(protocol)

    run(scenario())


def test_a_connection_without_a_request_is_idle(run: Run) -> None:
    """From its beginning: it ends when others do, and not by a cut before."""

    async def scenario() -> None:
        async with served(LingeringProtocol, _answering(10), idle_s=_MANY_LOOKS_S) as (protocol, _, client):
            await asyncio.sleep(_MANY_LOOKS_S / 2)
            assert protocol in protocol.connections
            assert await _answer(client) == b""

    run(scenario())


async def _drip(client: socket.socket) -> None:
    client.send(_POST)
    for _ in range(20):
        await asyncio.sleep(_LOOK_S)
        client.send(b"x")


async def _ask_late(client: socket.socket) -> None:
    await asyncio.sleep(_MANY_LOOKS_S)
    client.send(_GET)


async def _ask_twice(client: socket.socket) -> None:
    client.send(_GET)
    await _answer(client)
    await _ask_late(client)


async def _think(client: socket.socket) -> None:
    client.send(_GET + b"GET /")  # the next one is not begun while this one lasts
    await asyncio.sleep(_MANY_LOOKS_S)
    client.send(_GET.removeprefix(b"GET /"))


async def _ask_to_send(client: socket.socket) -> None:
    client.send(_EXPECTING)
    await asyncio.sleep(_MANY_LOOKS_S)
    assert (await _answer(client)).startswith(b"HTTP/1.1 100 ")
    client.send(b"x" * 20)


async def _thinking(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(_MANY_LOOKS_S)
    await _answering(10)(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "play"),
    [
        pytest.param(_answering(10), _drip, id="who sends a body byte by byte"),
        pytest.param(_answering(10), _ask_late, id="who is idle at first"),
        pytest.param(_answering(10), _ask_twice, id="who is idle between two requests"),
        pytest.param(_thinking, _think, id="who waits for the answer"),
        pytest.param(_thinking, _ask_to_send, id="who waits to be told to go on"),
    ],
)
def test_who_keeps_nobody_waiting_is_answered(
    run: Run, app: App, play: Callable[[socket.socket], Awaitable[None]]
) -> None:
    """However long it takes."""

    async def scenario() -> None:
        async with served(LingeringProtocol, app) as (_, _, client):
            await play(client)
            assert (await _answer(client)).startswith(b"HTTP/1.1 200 OK\r\n")

    run(scenario())


def test_a_connection_that_is_lost_is_not_kept(run: Run) -> None:
    """No timer holds it, nor what it has in memory."""

    async def scenario() -> None:
        async with served(LingeringProtocol, _answering(10)) as (protocol, transport, _):
            transport.abort()
            await _is_cut(protocol)
            assert isinstance(protocol, LingeringProtocol)
            assert protocol.next_look.cancelled()
            assert protocol.timeout_keep_alive_task is None

    run(scenario())
