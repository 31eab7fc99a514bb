"""Redis fails in each way that it knows, and requests over HTTP are answered as if nothing were."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from deploy.local.redis import RedisServer
from tests.chaos.outages import demoted, filled, hung, killed, locked, stopped
from tests.support.conditions import eventually
from tests.support.limits import apps, caller, limited
from tests.support.metrics import samples_of, value_of
from tests.support.pulse import beating

Fault = Callable[[RedisServer], AbstractAsyncContextManager[None]]

_DEADLINE_S = 0.3  # three times that of production: longer than what the machine takes now and then
_NOISE_S = 0.2
_ASKED = 20
_ADMITTED = 60  # a minute, of an ordinary user


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Start a Redis that no other test needs."""
    folder: Path = tmp_path_factory.mktemp("limits")
    with RedisServer(folder / "redis", durable=False) as redis:
        yield redis


@pytest.fixture
async def app(environ: dict[str, str], server: RedisServer) -> AsyncIterator[ASGIApp]:
    """Run a web process' application."""
    deadline_ms = str(int(1000 * _DEADLINE_S))
    async with apps(limited(environ, REDIS_URL=server.url, RATELIMIT_DEADLINE_MS=deadline_ms), 1) as (one,):
        yield one


async def _is_away(client: httpx.AsyncClient) -> bool:
    """Ask the metrics, which nothing limits."""
    return value_of(samples_of((await client.get("/metrics")).text), "switchyard_rate_limit_redis_away") == 1


@pytest.mark.parametrize("fault", [stopped, killed, hung, demoted, filled, locked])
async def test_no_request_fails_or_waits_for_the_limiter(app: ASGIApp, server: RedisServer, fault: Fault) -> None:
    """Those that asked when it began wait for the deadline; what is asked needs no store, so nothing else fails it."""
    took_s: list[float] = []

    async def ask(client: httpx.AsyncClient) -> None:
        began = time.perf_counter()
        answer = await client.get("/api/tasks")
        took_s.append(time.perf_counter() - began)
        assert answer.status_code == httpx.codes.OK, answer.text

    user = f"normal:{fault.__name__}"
    async with caller(app, user) as client, beating() as pulse:
        began_all = time.perf_counter()
        await ask(client)
        async with fault(server):
            for _ in range(_ASKED):
                await ask(client)
            assert await _is_away(client)
        began = time.perf_counter()

        took_back_s = 0.0

        async def is_here() -> bool:
            nonlocal took_back_s
            looked = time.perf_counter()
            if await _is_away(client):
                took_back_s = looked - began  # it was still away then; the look itself may take the machine long
                return False
            return True

        await eventually(is_here)
        answers = await asyncio.gather(*(client.get("/api/tasks") for _ in range(_ADMITTED)))
    noise_s = _NOISE_S + pulse.latest_s
    assert took_back_s < 1 + _DEADLINE_S + noise_s
    assert max(took_s) < _DEADLINE_S + noise_s
    assert sum(took > _DEADLINE_S / 2 + noise_s for took in took_s) <= 1
    # What this process let pass in Redis' absence is charged there: no second burst, but a token each second.
    admitted = sum(answer.status_code == httpx.codes.OK for answer in answers)
    left = _ADMITTED - _ASKED
    assert left - 2 <= admitted <= left + time.perf_counter() - began_all + 1
