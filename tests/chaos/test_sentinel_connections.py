"""Connections by Sentinel: whatever becomes of the former master, none stays with it."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from jobs.addresses import redis_address
from jobs.errors import StoreUnavailableError
from jobs.stores.redis import answering, connect_blocking, connect_redis
from jobs.stores.sentinel import Master
from jobs.stores.signals import Signals
from tests.support.conditions import eventually
from tests.support.sentinels import PASSWORD, SENTINEL_PASSWORD, Sentinels, sentinels_of
from tests.support.servers import Servers

_LONG_S = 60.0
_CUT_WITHIN_S = 5.0
_TURNS = 20


@pytest.fixture
async def sentinels(tmp_path: Path) -> AsyncIterator[Sentinels]:
    """Start a master, replicas and sentinels of the test's own."""
    async with sentinels_of(tmp_path) as site:
        yield site


async def test_who_waits_at_a_hung_master_is_cut_off_once_another_is_promoted(sentinels: Sentinels) -> None:
    """Sentinel cannot cut them, and their own patience would last for a minute: subscriber, waiter, reader of a stream.

    Nothing else is sent over these clients that could meet an error first.
    """
    former = await sentinels.master()
    client = connect_redis(sentinels.url, patience_s=_LONG_S)
    try:
        await client.set("before", "1")
        heard = Signals(client).ended()
        assert await anext(heard) is None  # it listens
        await client.xgroup_create("stream", "group", id="0", mkstream=True)
        waits = [
            asyncio.ensure_future(client.blpop(["list"], timeout=_LONG_S)),  # type: ignore[arg-type]
            asyncio.ensure_future(client.xreadgroup("group", "me", {"stream": ">"}, block=round(_LONG_S * 1000))),
            asyncio.create_task(_until_lost(heard)),
        ]

        async def all_wait() -> bool:
            async with sentinels.client(former) as asked:
                return int((await asked.info("clients"))["blocked_clients"]) == 2

        await eventually(all_wait)
        sentinels.servers[former].send(signal.SIGSTOP)
        promoted = await sentinels.promoted(former)
        began = time.monotonic()
        done, _ = await asyncio.wait(waits, timeout=_CUT_WITHIN_S)
        assert len(done) == len(waits), "somebody still waits at the former master"
        for task in done:
            assert task.exception() is not None or task.result() is None
        await client.set("after", "1")
        assert time.monotonic() - began < _CUT_WITHIN_S
        async with sentinels.client(promoted) as asked:
            assert await asked.get("after") == b"1"
        sentinels.servers[former].send(signal.SIGCONT)
        await sentinels.demoted(former)
        await client.set("later", "1")
    finally:
        await client.aclose(close_connection_pool=True)


async def test_a_connection_to_a_demoted_server_is_left(servers: Servers) -> None:
    """Also by an address that a platform moves: the refused write closes it, and the next one may lead elsewhere."""
    client = connect_redis(servers.redis.url, patience_s=5)
    blocking = connect_blocking(servers.redis.url, patience_s=5)
    write = ("EVAL", "return redis.call('SET', 'a', ARGV[1])", 0)
    call: Any = client.execute_command  # without annotations
    try:
        before = (await client.client_id(), await asyncio.to_thread(blocking.client_id))
        await call("REPLICAOF", "127.0.0.1", 1)
        try:
            with pytest.raises(StoreUnavailableError, match="replica"), answering():
                await call(*write, "1")
            with pytest.raises(StoreUnavailableError, match="replica"), answering():
                await asyncio.to_thread(blocking.execute_command, *write, "1")
        finally:
            await call("REPLICAOF", "NO", "ONE")
        assert await call(*write, "2") == b"OK"
        assert await asyncio.to_thread(blocking.execute_command, *write, "2") in {b"OK", True}
        after = (await client.client_id(), await asyncio.to_thread(blocking.client_id))
        assert before[0] != after[0]
        assert before[1] != after[1]
    finally:
        blocking.close()
        await client.aclose(close_connection_pool=True)


async def test_without_sentinels_who_is_connected_stays_so(sentinels: Sentinels) -> None:
    """They are only asked where to connect; a new connection says that nobody knows, and shows no password."""
    client = connect_redis(sentinels.url, patience_s=2)
    blocking = connect_blocking(sentinels.url, patience_s=2)
    try:
        await client.set("a", "1")
        await asyncio.to_thread(blocking.set, "a", "1")
        await sentinels.stop_watching()
        async with asyncio.timeout(10):
            for _ in range(3):
                await asyncio.sleep(1.1)  # the watch looks each second
                await client.set("a", "2")
                await asyncio.to_thread(blocking.set, "a", "2")
        newcomer = connect_redis(sentinels.url, patience_s=2)
        with (
            pytest.raises(StoreUnavailableError, match="no sentinel names a master of 'switchyard'") as caught,
            answering(),
        ):
            await newcomer.ping()
        for secret in (PASSWORD, SENTINEL_PASSWORD):
            for shown in (repr(caught.value), repr(newcomer), repr(newcomer.connection_pool), repr(blocking)):
                assert secret not in shown
        await newcomer.aclose(close_connection_pool=True)
    finally:
        blocking.close()
        await client.aclose(close_connection_pool=True)


async def test_a_sentinel_s_connection_that_is_closed_just_then_is_a_lost_one(sentinels: Sentinels) -> None:
    """In the loop of workers and web, in whichever turn: a question is answered or lost, and the next answered."""
    expected = await sentinels.master()
    lost: list[RedisConnectionError] = []

    async def all_turns() -> None:
        for turns in range(20):
            assert await _asked_while_closed(sentinels.url, turns, lost) == {expected}

    def in_uvloop() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(all_turns())

    await asyncio.to_thread(in_uvloop)
    assert {type(error.__cause__) for error in lost} == {RuntimeError}, "no turn was the one in question"


async def _asked_while_closed(url: str, turns: int, lost: list[RedisConnectionError]) -> set[int]:
    """Ask where the master is, and close the connection so many turns of the loop after; give all answers."""
    master = Master(redis_address(url), {})
    try:
        answers = {await _asked(master, lost)}
        pools = [client.connection_pool for client in master._sentinel.sentinels]  # noqa: SLF001
        (idle,) = (connection for pool in pools for connection in pool._available_connections)  # noqa: SLF001
        asking = asyncio.ensure_future(_asked(master, lost))
        for _ in range(turns):
            await asyncio.sleep(0)
        if (writer := idle._writer) is not None:  # noqa: SLF001
            writer.transport.abort()
        return answers | {await asking, await _asked(master, lost)}
    finally:
        await master.close()


async def _asked(master: Master, lost: list[RedisConnectionError]) -> int:
    """Give the port of the master; where the question gets lost, ask once more."""
    try:
        return (await master.place())[1]
    except RedisConnectionError as error:
        lost.append(error)
    return (await master.place())[1]


async def _until_lost(heard: AsyncIterator[list[str] | None]) -> None:
    try:
        async for _ in heard:
            pass
    except StoreUnavailableError:
        return


async def test_a_pool_is_closed_whatever_its_look_at_the_sentinels_is_at(
    sentinels: Sentinels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cancellation of that look may get lost within redis-py: a worker that stopped then never ended."""
    monkeypatch.setattr("jobs.stores.sentinel._LOOK_S", 0.0)
    for turn in range(_TURNS):
        client = connect_redis(sentinels.url, patience_s=_LONG_S)
        await client.ping()
        for _ in range(turn):
            await asyncio.sleep(0)
        async with asyncio.timeout(_LONG_S / 4):
            await client.aclose(close_connection_pool=True)
