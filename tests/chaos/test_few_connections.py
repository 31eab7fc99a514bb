"""More syncs are asked for at once than a web process has connections to PostgreSQL: none waits for a second one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from redis.asyncio import Redis

from tests.chaos.outages import stopped
from tests.support.files import upload
from tests.support.servers import Servers
from tests.support.site import running_web

_AT_ONCE = 6


async def _single(web: httpx.AsyncClient, file_id: str) -> httpx.Response:
    return await web.post("/api/data-sync/single", json={"file_id": file_id})


async def _batch(web: httpx.AsyncClient, file_id: str) -> httpx.Response:
    return await web.post("/api/data-sync/batch-by-ids", json={"file_ids": [file_id]})


Ask = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]
both_ways = pytest.mark.parametrize("ask", [_single, _batch])


@pytest.fixture
async def web(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of one that has two."""
    async with running_web({**environ, "APP_DATABASE_CONNECTIONS": "2"}) as web:
        yield web


async def _upload_some(web: httpx.AsyncClient) -> list[str]:
    files = [await upload(web, f"id,amount\n{number},1\n".encode(), name=f"{number}.csv") for number in range(_AT_ONCE)]
    return [answer.json()["id"] for answer in files]


@both_ways
async def test_while_redis_is_away(web: httpx.AsyncClient, servers: Servers, ask: Ask) -> None:
    """PostgreSQL counts what each owner has, inside the transaction that has the file."""
    files = await _upload_some(web)
    async with stopped(servers.redis):
        answers = await asyncio.gather(*(ask(web, file_id) for file_id in files))
    assert {answer.status_code for answer in answers} == {202}


@both_ways
async def test_when_redis_has_lost_what_owners_may_have(web: httpx.AsyncClient, redis_url: str, ask: Ask) -> None:
    """It is told anew inside that transaction."""
    files = await _upload_some(web)
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
    answers = await asyncio.gather(*(ask(web, file_id) for file_id in files))
    assert {answer.status_code for answer in answers} == {202}
