"""A connection to Redis that is closed just before it is written to, in the event loop that workers and web run on.

Nobody has been told of that yet: uvloop raises a RuntimeError, where asyncio's own loop lets the answer fail.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.errors import StoreUnavailableError
from jobs.stores.redis import UnsentError, answering, connect_redis
from tests.support.conditions import eventually


def test_a_command_goes_over_another_connection(redis_url: str) -> None:
    """Nothing has been sent, so sending it again does nothing twice."""

    async def write() -> None:
        async with _client(redis_url) as redis:
            first = await redis.incr("written")
            _closed(redis)
            assert await redis.incr("written") == first + 1

    _in_uvloop(write())


def test_one_that_the_server_has_closed_is_replaced_before_its_next_use(redis_url: str) -> None:
    """Nothing is written to it: its answer would be lost, and the command with it."""

    async def write() -> None:
        redis, other = connect_redis(redis_url, patience_s=5), connect_redis(redis_url, patience_s=5)
        try:
            await other.client_kill_filter(_id=str(await redis.client_id()))
            (idle,) = redis.connection_pool._available_connections  # noqa: SLF001
            reader: Any = idle._reader  # noqa: SLF001

            async def is_known() -> bool:
                return bool(reader.at_eof())

            await eventually(is_known)
            assert await redis.incr("written") == 1
        finally:
            for client in (redis, other):
                await client.aclose(close_connection_pool=True)

    _in_uvloop(write())


def test_where_nothing_is_repeated_redis_counts_as_away(redis_url: str) -> None:
    """As for all other ways to lose a connection."""

    async def write() -> None:
        async with _client(redis_url) as redis:
            await redis.ping()
            with answering():
                await _closed(redis).send_command("PING", check_health=False)

    with pytest.raises(StoreUnavailableError, match="the connection was closed") as caught:
        _in_uvloop(write())
    assert isinstance(caught.value.__cause__, UnsentError)


@pytest.mark.parametrize("how", ["abort", "close"])
def test_in_whichever_turn_it_is_closed_the_command_is_answered_or_lost(redis_url: str, how: str) -> None:
    """No other error ever comes out: before it is written, while it is, and while its answer is awaited."""
    met: set[object] = set()

    async def write(turns: int) -> None:
        async with _client(redis_url, retries=0) as redis:
            await redis.ping()
            connection = redis.connection
            assert connection is not None
            assert connection._writer is not None  # noqa: SLF001
            writing = asyncio.ensure_future(redis.incr("written"))
            for _ in range(turns):
                await asyncio.sleep(0)
            getattr(connection._writer.transport, how)()  # noqa: SLF001
            try:
                with answering():
                    await writing
            except StoreUnavailableError as error:
                met.add(type(error.__cause__))
            else:
                met.add(None)

    async def all_turns() -> None:
        for turns in range(40):
            await write(turns)

    _in_uvloop(all_turns())
    assert met == {UnsentError, RedisConnectionError, None}


@asynccontextmanager
async def _client(url: str, *, retries: int = 2) -> AsyncIterator[Redis]:
    """Give a client of one connection, which no pool looks at between two commands."""
    pooled = connect_redis(url, patience_s=5, retries=retries)
    try:
        async with pooled.client() as redis:
            yield redis
    finally:
        await pooled.aclose(close_connection_pool=True)


def _closed(redis: Redis) -> AbstractConnection:
    """Close its connection as the watch for failovers does; give that."""
    connection = redis.connection
    assert connection is not None
    assert connection._writer is not None  # noqa: SLF001
    connection._writer.transport.abort()  # noqa: SLF001
    return connection


def _in_uvloop(steps: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(steps)
