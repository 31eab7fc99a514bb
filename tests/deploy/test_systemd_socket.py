"""The web process behind a socket that is not its own: started by a connection, and started anew with none refused."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.support.held import held_port, web_behind
from tests.support.limits import limited
from tests.support.ports import free_ports
from tests.support.processes import Running, started
from tests.support.programs import program_of
from tests.support.units import command_of

PATIENCE_S = 30
FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


@pytest.fixture
def holder() -> Iterator[socket.socket]:
    """Hold a port, as systemd does for switchyard-web.socket."""
    with held_port() as held:
        yield held


async def test_a_connection_starts_it(environ: dict[str, str]) -> None:
    """By systemd's own tool. Who calls is known by his address, so that the proxy is believed."""
    (port,) = free_ports(1)
    own = limited(environ, APP_TRUSTED_PROXIES="127.0.0.1", RATELIMIT_TIERS="anonymous.default=1/minute burst 1")
    activate = [program_of("systemd", "systemd-socket-activate"), f"--listen=127.0.0.1:{port}"]
    passed = [f"--setenv={name}={text}" for name, text in own.items()]
    async with started([*activate, *passed, *command_of("switchyard-web@")], {}) as web:
        await web.says("Listening on")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as client:
            assert not {"redis", "postgresql"} & set((await client.get("/readyz")).json()["degraded"])
            answers = [await client.get("/api/tasks", headers=FORWARDED) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [401, 429]
        assert answers[1].json()["rate_limit_key"] == "ip:192.0.2.7"
        web.send(signal.SIGTERM)
        await web.ends(within_s=PATIENCE_S)


async def test_no_request_is_refused_while_processes_come_and_go(
    environ: dict[str, str], holder: socket.socket
) -> None:
    """One after the other of two is replaced, then both are gone for a while: who comes then waits."""
    done = asyncio.Event()
    asking = asyncio.create_task(_ask(holder, done))
    async with AsyncExitStack() as stack:
        webs = [await stack.enter_async_context(web_behind(holder, environ)) for _ in range(2)]
        for _ in range(2):
            await _end(webs.pop(0))
            webs.append(await stack.enter_async_context(web_behind(holder, environ)))
        await asyncio.gather(*map(_end, webs))
        await stack.enter_async_context(web_behind(holder, environ))
        done.set()
        assert await asking > 0


async def _end(web: Running) -> None:
    web.send(signal.SIGTERM)
    assert await web.ends(within_s=PATIENCE_S) in {0, -signal.SIGTERM}, web.lines


async def _ask(holder: socket.socket, done: asyncio.Event) -> int:
    """Ask again and again, each time by a new connection; give how many answers there were. A refusal is raised."""
    answered = 0
    limits = httpx.Limits(max_keepalive_connections=0)
    host, port = holder.getsockname()
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=PATIENCE_S, limits=limits) as client:
        while not done.is_set():
            answer = await client.get("/healthz")
            assert answer.status_code == httpx.codes.OK
            answered += 1
    return answered
