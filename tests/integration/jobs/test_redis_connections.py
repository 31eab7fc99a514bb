"""What Redis, or what looks like one, may answer: which of it is an outage, and that it is told soon."""

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ExecAbortError, ResponseError

from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering, connect_blocking, connect_redis
from tests.chaos.outages import unsaved
from tests.support.conditions import PATIENCE_S
from tests.support.servers import Servers

_SOON_S = 5.0


async def test_a_door_with_nobody_behind_it_is_an_outage() -> None:
    """A proxy takes the connection and closes it, as its Redis is away: that is said at once."""
    taken = 0

    async def close(_: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        to_client.close()

    door = await asyncio.start_server(close, "127.0.0.1", 0)
    url = f"redis://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    client, blocking = connect_redis(url, patience_s=2), connect_blocking(url, patience_s=2)
    began = time.monotonic()
    try:
        async with asyncio.timeout(_SOON_S):
            with pytest.raises(StoreUnavailableError), answering():
                await client.ping()
            with pytest.raises(StoreUnavailableError), answering():
                await asyncio.to_thread(blocking.ping)
        assert time.monotonic() - began < _SOON_S
        assert taken <= 10
    finally:
        door.close()
        blocking.close()
        await client.aclose(close_connection_pool=True)


async def test_nobody_waits_for_another_s_connection(servers: Servers) -> None:
    """One that does not get through holds up whoever asked for it, and none that gets through."""
    may_go_on, is_held = asyncio.Event(), asyncio.Event()

    async def greet(connection: Any) -> None:  # noqa: ANN401  redis-py's
        if not is_held.is_set():
            is_held.set()
            await may_go_on.wait()
        await connection.on_connect()

    client = connect_redis(servers.redis.url, patience_s=60, greeting=greet)
    try:
        held = asyncio.ensure_future(client.ping())
        await is_held.wait()
        async with asyncio.timeout(PATIENCE_S):
            assert await asyncio.gather(*(client.ping() for _ in range(5))) == [True] * 5
        assert not held.done()
        may_go_on.set()
        assert await held is True
    finally:
        await client.aclose(close_connection_pool=True)


async def test_a_full_redis_is_an_outage(servers: Servers) -> None:
    """It passes once something has ended; a command and a script are told so in different words."""
    client = connect_redis(servers.redis.url, patience_s=5)
    call: Any = client.execute_command  # without annotations
    try:
        await client.config_set("maxmemory", "1")
        try:
            for command in (("SET", "a", "1"), ("EVAL", "return redis.call('SET', 'a', '1')", 0)):
                with pytest.raises(StoreUnavailableError, match="maxmemory"), answering():
                    await call(*command)
        finally:
            await client.config_set("maxmemory", "0")
    finally:
        await client.aclose(close_connection_pool=True)


async def test_answers_that_came_together_are_told_apart(servers: Servers) -> None:
    """Values, nothing at all and errors, each in its turn; the connection serves on."""
    client = connect_redis(servers.redis.url, patience_s=5)
    try:
        pipe: Any = client.pipeline(transaction=False)  # its commands are annotated as if they were sent at once
        pipe.set("text", "a").get("text").get("nothing").hget("text", "a").lrange("none", 0, -1).incr("number")
        answers = await pipe.execute(raise_on_error=False)
        wrong = answers.pop(3)
        assert answers == [True, b"a", None, [], 1]
        assert isinstance(wrong, ResponseError)
        assert str(wrong).startswith("WRONGTYPE")
        assert await client.get("text") == b"a"
    finally:
        await client.flushdb()
        await client.aclose(close_connection_pool=True)


@pytest.mark.parametrize("word", ["OOM", "NOREPLICAS", "MISCONF"])
def test_a_scripts_error_is_read_as_redis_before_7_wraps_it(word: str) -> None:
    """Its own words stand in the middle there."""
    text = f"Error running script (call to f_0): @user_script:1: @user_script: 1: -{word} not now"
    with pytest.raises(StoreUnavailableError), answering():
        raise ResponseError(text)


async def test_a_pipeline_without_replicas_is_an_outage(servers: Servers) -> None:
    """redis-py puts the words of Redis into a sentence of its own."""
    async with Redis.from_url(servers.redis.url) as redis:
        await redis.config_set("min-replicas-to-write", 1)
        try:
            async with redis.pipeline(transaction=True) as pipe:
                pipe.hincrby("counts", "one")
                pipe.expire("counts", 60)
                with pytest.raises(StoreUnavailableError, match="NOREPLICAS"), answering():
                    await pipe.execute()
        finally:
            await redis.config_set("min-replicas-to-write", 0)


async def test_a_pipeline_that_cannot_be_saved_is_an_outage(servers: Servers) -> None:
    """Its words have an apostrophe, and stand in other quotes for it; one that EXEC alone has met says so otherwise."""
    async with Redis.from_url(servers.redis.url) as redis, unsaved(servers.redis):
        for transaction in (True, False):
            pipe: Any = redis.pipeline(transaction=transaction)
            with pytest.raises(StoreUnavailableError, match="MISCONF"), answering():
                await pipe.hincrby("counts", "one").expire("counts", 60).execute()
    with pytest.raises(StoreUnavailableError), answering():
        raise ExecAbortError("Transaction discarded because of: MISCONF not now")


def test_a_mistake_of_ours_is_none() -> None:
    """Another try would meet it again."""
    with pytest.raises(ResponseError, match="WRONGTYPE"), answering():
        raise ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")
