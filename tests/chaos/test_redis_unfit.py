"""A Redis that would lose jobs or refuse scripts: workers do not begin, the web process says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from jobs.errors import UnfitRedisError
from jobs.stores.fitness import Fitness
from jobs.stores.redis import connect_redis
from tests.support.conditions import eventually, reaches
from tests.support.ports import free_ports
from tests.support.processes import WORKER, started, web_process, worker_process
from tests.support.redis_with import redis_with
from tests.support.servers import Servers
from tests.support.site import submit


@asynccontextmanager
async def _policy(url: str, policy: str) -> AsyncIterator[None]:
    """Let a server evict, until the end."""
    async with Redis.from_url(url) as client:
        await client.config_set("maxmemory-policy", policy)
        try:
            yield
        finally:
            await client.config_set("maxmemory-policy", "noeviction")


async def test_a_worker_refuses_a_redis_that_evicts(
    web: httpx.AsyncClient, servers: Servers, environ: dict[str, str]
) -> None:
    """It ends with status 1 and one sentence that has the mend, before it takes any job."""
    job = await submit(web, "diag.noop")
    async with (
        _policy(servers.redis.url, "allkeys-lru"),
        started((*WORKER, "--queues", "data_sync:1"), environ) as worker,
    ):
        assert await worker.ends(within_s=20) == 1
        assert "maxmemory-policy allkeys-lru may drop jobs" in worker.lines[-1]
        assert "set it to noeviction" in worker.lines[-1]
        assert not any("Traceback" in line for line in worker.lines)
    assert (await web.get(f"/api/jobs/{job['id']}")).json()["state"] == "queued"
    async with worker_process(environ, "data_sync:1"):
        await reaches(web, job["id"], "succeeded")


async def test_a_worker_looks_when_redis_first_answers(
    environ: dict[str, str], tmp_path: Path, unused_tcp_port: int
) -> None:
    """An outage at its start is waited for; what then answers is looked at before a job is taken."""
    settings = {**environ, "REDIS_URL": f"redis://127.0.0.1:{unused_tcp_port}"}
    async with worker_process(settings, "data_sync:1") as worker:
        await worker.says("redis_awaited")
        async with redis_with(tmp_path, unused_tcp_port, {"maxmemory-policy": "allkeys-random"}):
            assert await worker.ends(within_s=20) == 1
    assert "allkeys-random" in worker.lines[-1]


async def test_the_web_process_says_that_redis_is_unfit(servers: Servers, environ: dict[str, str]) -> None:
    """Its log has the reason, /readyz the fact; jobs are accepted. Once Redis is mended, so is the answer."""
    async with _policy(servers.redis.url, "volatile-ttl"), web_process(environ) as (web, client):
        await web.says("maxmemory-policy volatile-ttl may drop jobs")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["degraded"][0]) == (200, "redis_unfit")
        await submit(client, "diag.noop")
        async with Redis.from_url(servers.redis.url) as mending:
            await mending.config_set("maxmemory-policy", "noeviction")

        async def is_fit() -> bool:
            return "redis_unfit" not in (await client.get("/readyz")).json()["degraded"]

        await eventually(is_fit)


async def test_a_cluster_is_refused(tmp_path: Path) -> None:
    """Its scripts may use only the keys that they name beforehand."""
    (port,) = free_ports(1)  # low enough: its nodes talk to each other ten thousand ports higher
    async with redis_with(tmp_path, port, {"cluster-enabled": "yes"}), _client(port) as client:
        with pytest.raises(UnfitRedisError, match="it is a cluster"):
            await Fitness(client).check()


async def test_who_may_not_look_is_let_pass(
    tmp_path: Path, unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A platform may forbid INFO: a warning is all that can be said."""
    rights = {"user": "default on nopass ~* &* +@all -info"}
    async with redis_with(tmp_path, unused_tcp_port, rights), _client(unused_tcp_port) as client:
        await Fitness(client).check()
        assert "redis_not_checked" in caplog.text


@asynccontextmanager
async def _client(port: int) -> AsyncIterator[Redis]:
    client = connect_redis(f"redis://127.0.0.1:{port}", patience_s=2)
    try:
        yield client
    finally:
        await client.aclose(close_connection_pool=True)
