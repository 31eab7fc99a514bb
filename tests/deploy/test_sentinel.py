"""deploy/redis with a replica and a sentinel: they work as the users made for them, and a site follows a failover."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from deploy.local.binaries import find_redis
from tests.support.bed import SHORT_LEASE
from tests.support.conditions import eventually
from tests.support.ports import free_ports
from tests.support.processes import started
from tests.support.redis_site import PASSWORDS, Configured, configured, written
from tests.support.site import end_of, running_web, running_worker, submit

SERVICE = "switchyard"
WATCHED_S = 60.0


@pytest.fixture
async def servers_of_site(tmp_path: Path) -> AsyncIterator[list[Configured]]:
    """Run a master and its replica, which has caught up."""
    program = str(find_redis().server)
    async with AsyncExitStack() as stack:
        master = await stack.enter_async_context(configured(program, tmp_path / "master", is_replicated=True))
        replica = await stack.enter_async_context(
            configured(program, tmp_path / "replica", is_replicated=True, master=master.port)
        )
        await eventually(lambda: _replicates(replica), within_s=WATCHED_S)
        yield [master, replica]


@pytest.fixture
async def sentinel(servers_of_site: list[Configured], tmp_path: Path) -> AsyncIterator[int]:
    """Run a sentinel that knows both; give its port."""
    (port,) = free_ports(1)
    changes = {
        "port 26379": f"port {port}\nbind 127.0.0.1",
        "dir /var/lib/redis": f"dir {tmp_path}",
        "requirepass SENTINEL_PASSWORD": f"requirepass {PASSWORDS['ADMIN']}",
        "MASTER_ADDRESS 6379 2": f"127.0.0.1 {servers_of_site[0].port} 1",
        "WATCHER_PASSWORD": PASSWORDS["SENTINEL"],
    }
    configuration = written(tmp_path / "sentinel.conf", ["sentinel.conf"], changes)
    async with started([str(find_redis().server), str(configuration), "--sentinel"], {"LC_ALL": "C"}) as server:
        await server.says(r"\+slave slave", within_s=WATCHED_S)
        yield port


@pytest.mark.timeout(300)
async def test_a_site_follows_a_failover(
    servers_of_site: list[Configured], sentinel: int, environ: dict[str, str]
) -> None:
    """Of jobs before and after it none is lost, and nobody has been refused anything."""
    master, replica = servers_of_site
    users = f"switchyard:{PASSWORDS['SWITCHYARD']}@127.0.0.1:{sentinel}"
    url = f"redis+sentinel://{users}/{SERVICE}?sentinel_password={PASSWORDS['ADMIN']}"
    own = {**environ, **SHORT_LEASE, "REDIS_URL": url}
    async with running_web(own) as client, running_worker(own):
        before = await submit(client, "diag.noop")
        assert (await end_of(client, before["id"]))["state"] == "succeeded"
        await eventually(lambda: _hands_over(sentinel), within_s=WATCHED_S)
        await eventually(lambda: _is_master(replica), within_s=WATCHED_S)
        # A master without a replica takes no writes. On a busy machine a sentinel that lost time does nothing for 30 s.
        await eventually(lambda: _replicates(master), within_s=WATCHED_S)
        after = await submit(client, "diag.noop")
        assert (await end_of(client, after["id"]))["state"] == "succeeded"
    assert [await server.refused() for server in servers_of_site] == [[], []]


async def _hands_over(sentinel: int) -> bool:
    """Ask for a failover; say whether the sentinel thinks that the replica is fit for it."""
    async with Redis(host="127.0.0.1", port=sentinel, password=PASSWORDS["ADMIN"]) as watcher:
        try:
            await watcher.execute_command("SENTINEL", "FAILOVER", SERVICE)  # type: ignore[no-untyped-call]
        except ResponseError:
            return False
    return True


async def _is_master(server: Configured) -> bool:
    return (await _replication(server)).get("role") == "master"


async def _replicates(server: Configured) -> bool:
    return (await _replication(server)).get("master_link_status") == "up"


async def _replication(server: Configured) -> dict[str, Any]:
    """Give what a server says of it; nothing where the sentinel has just cut all of its connections."""
    async with server.client() as admin:
        try:
            found: dict[str, Any] = await admin.info("replication")
        except RedisConnectionError:
            return {}
    return found
