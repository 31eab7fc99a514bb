"""Connections that end when they have been idle for long: who asks just then is answered."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final

import pytest
import uvloop
from starlette.responses import PlainTextResponse

from app.lingering import LingeringProtocol
from tests.support.served import served

_GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
_IDLE_S: Final = 0.2
_RESOLUTION_S: Final = 0.01  # a loop's timers count milliseconds
_APP: Final = PlainTextResponse("well")

Loop = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop_factory(request: pytest.FixtureRequest) -> Loop:
    """Give each loop: they look at timers and at what has arrived in another order."""
    factory: Loop = request.param
    return factory


async def _answer(client: socket.socket) -> bytes:
    async with asyncio.timeout(20):
        return await asyncio.get_running_loop().sock_recv(client, 4096)


def test_a_request_that_a_held_up_loop_finds_late_is_answered(loop_factory: Loop) -> None:
    """It was sent in time. The connection ends when it has been idle once more."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with served(LingeringProtocol, _APP, idle_s=_IDLE_S) as (_, _, client):
            client.send(_GET)
            assert (await _answer(client)).endswith(b"well")
            busy, news = socket.socketpair()

            def hold_up() -> None:
                loop.remove_reader(busy)
                client.send(_GET)
                time.sleep(2 * _IDLE_S)

            # After it has read a socket, and before it reads others, uvloop looks at its timers.
            loop.add_reader(busy, hold_up)
            news.send(b"1")
            assert (await _answer(client)).endswith(b"well")
            assert await _answer(client) == b""
            busy.close()
            news.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(scenario())


def test_one_that_is_idle_ends_in_time(loop_factory: Loop) -> None:
    """Not before, and by no request more."""

    async def scenario() -> None:
        async with served(LingeringProtocol, _APP, idle_s=_IDLE_S) as (_, _, client):
            began = time.monotonic()
            client.send(_GET)
            assert (await _answer(client)).endswith(b"well")
            assert await _answer(client) == b""
            assert time.monotonic() - began >= _IDLE_S - _RESOLUTION_S

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(scenario())
