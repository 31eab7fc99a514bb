"""Answers of a turn of the event loop go out together, each in its place among all that its connection is sent."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.lingering import LingeringProtocol
from tests.support.conditions import eventually
from tests.support.served import served

_GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
_NONSENSE: Final = b"\x00\r\n\r\n"
_ENOUGH: Final = 65_536
_TOO_MUCH: Final = 256 * _ENOUGH

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run in each loop: they look at what is to be done and at what has arrived in another order."""

    def run_in(scenario: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(scenario)

    return run_in


def _nothing() -> None: ...


class _App:
    """Answers all requests in the turn in which the last of them is there: that one first.

    In the same turn it calls `first` before each answer, and `then` after it.
    """

    def __init__(self, *, requests: int) -> None:
        self.first: Callable[[], object] = _nothing
        self.then: Callable[[], object] = _nothing
        self.one_waits = asyncio.Event()
        self._missing = requests
        self._all_there = asyncio.Event()

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Wait for the others, and answer."""
        self._missing -= 1
        if self._missing:
            self.one_waits.set()
            await self._all_there.wait()
        self._all_there.set()
        self.first()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"well"})
        self.then()


def _arrived(client: socket.socket) -> bytes:
    """Give what is there for the client by now."""
    try:
        return client.recv(_ENOUGH)
    except BlockingIOError:
        return b""


async def _received(client: socket.socket, *, until: bytes) -> bytes:
    """Read up to these words, or to the end of the connection where there are none."""
    got = b""
    async with asyncio.timeout(20):
        while part := await asyncio.get_running_loop().sock_recv(client, _ENOUGH):
            got += part
            if until and got.endswith(until):
                break
    return got


async def _is_held_up(protocol: HttpToolsProtocol) -> bool:
    return protocol.flow.write_paused


def test_answers_of_one_turn_go_out_together(run: Run) -> None:
    """None is with its client before the last of them is made."""

    async def scenario() -> None:
        arrived: list[bytes] = []
        app, state = _App(requests=2), ServerState()
        async with (
            served(LingeringProtocol, app, state=state) as (_, _, one),
            served(LingeringProtocol, app, state=state) as (_, _, other),
        ):
            app.then = lambda: arrived.extend([_arrived(one), _arrived(other)])
            one.send(_GET)
            other.send(_GET)
            assert (await _received(one, until=b"well")).startswith(b"HTTP/1.1 200 ")
            assert (await _received(other, until=b"well")).startswith(b"HTTP/1.1 200 ")
            assert arrived == [b""] * 4  # after each of the two answers, on both connections

    run(scenario())


@pytest.mark.parametrize("moment", ["first", "then"])
def test_one_that_has_ended_keeps_no_other_from_its_answer(run: Run, moment: str) -> None:
    """It gets nothing itself, whether it ended before its answer was made or after that."""

    async def scenario() -> None:
        app, state = _App(requests=2), ServerState()
        async with (
            served(LingeringProtocol, app, state=state) as (_, transport, one),
            served(LingeringProtocol, app, state=state) as (_, _, other),
        ):
            setattr(app, moment, transport.abort)
            other.send(_GET)
            await app.one_waits.wait()
            one.send(_GET)
            assert (await _received(other, until=b"well")).startswith(b"HTTP/1.1 200 ")
            assert await _received(one, until=b"") == b""

    run(scenario())


def test_parts_of_answers_that_go_on_go_out_together_too(run: Run) -> None:
    """And before what comes after them, such as the end."""

    async def scenario() -> None:
        told, may_tell = asyncio.Event(), asyncio.Event()
        arrived: list[bytes] = []

        async def app(_: Scope, __: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            told.set()
            await may_tell.wait()
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            arrived.extend([_arrived(one), _arrived(other)])
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        state = ServerState()
        async with (
            served(LingeringProtocol, app, state=state) as (_, _, one),
            served(LingeringProtocol, app, state=state) as (_, _, other),
        ):
            for client in (one, other):
                client.send(_GET)
                await told.wait()
                assert (await _received(client, until=b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                told.clear()
            may_tell.set()
            for client in (one, other):
                assert await _received(client, until=b"0\r\n\r\n") == b"4\r\npart\r\n0\r\n\r\n"
            assert arrived == [b""] * 4

    run(scenario())


def test_who_makes_more_than_is_taken_is_held_up(run: Run) -> None:
    """Though he makes it all in one turn of the loop."""

    async def scenario() -> None:
        made = 0

        async def app(_: Scope, __: Receive, send: Send) -> None:
            nonlocal made
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while made < _TOO_MUCH:
                made += _ENOUGH
                await send({"type": "http.response.body", "body": bytes(_ENOUGH), "more_body": True})

        async with served(LingeringProtocol, app) as (protocol, _, client):
            client.send(_GET)
            await eventually(lambda: _is_held_up(protocol))
            assert made < _TOO_MUCH / 8

    run(scenario())


def test_an_answer_goes_before_what_is_said_of_nonsense_behind_its_request(run: Run) -> None:
    """That came while the answer was on its way out, and ends the connection."""

    async def scenario() -> None:
        app = _App(requests=1)
        async with served(LingeringProtocol, app) as (protocol, _, client):
            app.then = lambda: protocol.data_received(_NONSENSE)
            client.send(_GET)
            first, _, second = (await _received(client, until=b"")).partition(b"well")
            assert first.startswith(b"HTTP/1.1 200 ")
            assert second.startswith(b"HTTP/1.1 400 ")

    run(scenario())


def test_who_says_no_more_while_his_answer_is_on_its_way_out_gets_it(run: Run) -> None:
    """The end of what he sends is the end of the connection."""

    async def scenario() -> None:
        app = _App(requests=1)
        async with served(LingeringProtocol, app) as (protocol, transport, client):

            def end() -> None:
                protocol.eof_received()
                transport.close()

            app.then = end
            client.send(_GET)
            assert (await _received(client, until=b"")).endswith(b"\r\n\r\nwell")

    run(scenario())
