"""How a server goes away and comes back. Whatever a test does in between, it is back afterwards."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis

from deploy.local.redis import RedisServer
from deploy.local.server import Server
from jobs.cancelling import cancel_until_ended
from tests.support.children import children_of
from tests.support.conditions import eventually

_FULL_BYTES = 1_000_000
_FORGETS_EACH_S = 0.01


@asynccontextmanager
async def stopped(server: Server) -> AsyncIterator[None]:
    """Stop a server in the orderly way; it is started again at the end, at the same address with the same data."""
    await asyncio.to_thread(server.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def killed(server: Server) -> AsyncIterator[None]:
    """Kill a server; it is started again at the end."""
    await asyncio.to_thread(server.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(server.start)


@asynccontextmanager
async def hung(server: Server) -> AsyncIterator[None]:
    """Stop a server's processes: it takes connections and does not answer, until the end."""
    stopped_ones: list[int] = []
    try:
        # The parent first, so that it makes no further children.
        os.kill(server.pid, signal.SIGSTOP)
        stopped_ones.append(server.pid)
        for pid in await asyncio.to_thread(children_of, server.pid):
            os.kill(pid, signal.SIGSTOP)
            stopped_ones.append(pid)
        yield
    finally:
        for pid in stopped_ones:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def demoted(server: RedisServer) -> AsyncIterator[None]:
    """Make it the replica of nobody who is there, until the end: it answers, and takes no writes."""
    async with Redis.from_url(server.url) as admin:
        await admin.replicaof("127.0.0.1", "1")
        try:
            yield
        finally:
            await admin.replicaof("NO", "ONE")


@asynccontextmanager
async def filled(server: RedisServer) -> AsyncIterator[None]:
    """Leave it no memory, until the end: it answers, and takes no writes that need any."""
    async with Redis.from_url(server.url) as admin:
        await admin.set("filler", bytes(2 * _FULL_BYTES))
        await admin.config_set("maxmemory", _FULL_BYTES)
        try:
            yield
        finally:
            await admin.config_set("maxmemory", 0)
            await admin.delete("filler")


@asynccontextmanager
async def locked(server: RedisServer) -> AsyncIterator[None]:
    """Let it want a password that nobody has, until the end; all connections are cut."""
    async with Redis.from_url(server.url) as admin:
        await admin.config_set("requirepass", "another")
        await admin.client_kill_filter(_type="normal", skipme=True)
        try:
            yield
        finally:
            await admin.config_set("requirepass", "")


@asynccontextmanager
async def unsaved(server: RedisServer) -> AsyncIterator[None]:
    """Let it not come to save what it has, as on a full disk, until the end: it answers, and takes no writes."""
    async with Redis.from_url(server.url) as admin:
        told, former = await admin.config_get("dir", "dbfilename"), await admin.config_get("save")
        in_the_way = Path(told["dir"]) / told["dbfilename"] / "in-the-way"
        await admin.config_set("save", "3600 1000000")  # one that saves nothing itself is not stopped
        in_the_way.mkdir(parents=True)
        await _save(admin, "err")
        try:
            yield
        finally:
            in_the_way.rmdir()
            in_the_way.parent.rmdir()
            await _save(admin, "ok")
            await admin.config_set("save", former["save"])


async def _save(admin: Redis, status: str) -> None:
    await admin.bgsave()

    async def has_ended() -> bool:
        told = await admin.info("persistence")
        return not told["rdb_bgsave_in_progress"] and told["rdb_last_bgsave_status"] == status

    await eventually(has_ended)


@asynccontextmanager
async def forgetful(server: RedisServer) -> AsyncIterator[None]:
    """Let it forget all scripts again and again, until the end."""

    async def forget(admin: Redis) -> None:
        while True:
            await admin.script_flush()
            await asyncio.sleep(_FORGETS_EACH_S)

    async with Redis.from_url(server.url) as admin:
        forgetting = asyncio.create_task(forget(admin))
        try:
            yield
        finally:
            await cancel_until_ended([forgetting], again_s=1.0)
