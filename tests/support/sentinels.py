"""A Redis with replicas and sentinels, all real processes on ports of their own, each with a password."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.local.binaries import find_redis
from tests.support.conditions import eventually
from tests.support.ports import free_ports
from tests.support.processes import Running, started

SERVICE = "switchyard"
PASSWORD = "p@ss/w%rd:Hidden?"  # noqa: S105  all that has a meaning in a URL
SENTINEL_PASSWORD = "s@nt/n%l:Hidden#"  # noqa: S105

_HOST = "127.0.0.1"
_REPLICAS, _SENTINELS, _QUORUM = 2, 3, 2
_DOWN_AFTER_MS = 1_000
_READY_WITHIN_S = 30.0

_SERVER = f"""
bind {_HOST}
save ""
appendonly no
maxmemory-policy noeviction
repl-diskless-sync-delay 0
requirepass "{PASSWORD}"
masterauth "{PASSWORD}"
"""
_SENTINEL = f"""
bind {_HOST}
requirepass "{SENTINEL_PASSWORD}"
sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER_MS}
sentinel failover-timeout {SERVICE} 10000
sentinel auth-pass {SERVICE} "{PASSWORD}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """A master, its replicas and those who watch them. Servers are told by their ports."""

    servers: dict[int, Running]
    sentinels: dict[int, Running]

    @property
    def url(self) -> str:
        """What REDIS_URL is set to."""
        hosts = ",".join(f"{_HOST}:{port}" for port in self.sentinels)
        own = f"sentinel_password={quote(SENTINEL_PASSWORD, safe='')}"
        return f"redis+sentinel://:{quote(PASSWORD, safe='')}@{hosts}/{SERVICE}?{own}"

    def client(self, port: int) -> Redis:
        """Give a client of one server."""
        return Redis(host=_HOST, port=port, password=PASSWORD, socket_timeout=2, socket_connect_timeout=2)

    async def master(self) -> int:
        """Give the port that most sentinels name; 0 where they do not agree."""
        named = [int(state["port"]) for state in await asyncio.gather(*map(self._state, self.sentinels)) if state]
        return next((port for port in named if named.count(port) >= _QUORUM), 0)

    async def promoted(self, former: int, *, within_s: float = 90.0) -> int:
        """Wait until most sentinels name another master than `former`; give its port."""

        async def another() -> int:
            port = await self.master()
            return port if port != former else 0

        return await eventually(another, within_s=within_s)

    async def demoted(self, former: int, *, within_s: float = 90.0) -> None:
        """Wait until a former master is a replica."""
        async with self.client(former) as client:

            async def is_replica() -> bool:
                try:
                    return bool((await client.info("replication"))["role"] == "slave")
                except RedisError:
                    return False

            await eventually(is_replica, within_s=within_s)

    async def hand_over(self) -> None:
        """Ask for a failover though the master is well."""
        async with _sentinel(min(self.sentinels)) as client:
            await client.execute_command("SENTINEL", "FAILOVER", SERVICE)  # type: ignore[no-untyped-call]

    async def part(self, master: int) -> None:
        """Let the replicas follow nobody that there is: what the master takes from now on is nowhere else.

        The sentinels mend that after some seconds.
        """
        for port in self.servers.keys() - {master}:
            async with self.client(port) as client:
                await client.replicaof(_HOST, "1")

    async def stop_watching(self) -> None:
        """Kill all sentinels."""
        for sentinel in self.sentinels.values():
            await sentinel.kill()

    async def ready(self) -> None:
        """Wait until everybody knows everybody."""

        async def know_all() -> bool:
            states = await asyncio.gather(*map(self._state, self.sentinels))
            return all(
                state
                and int(state["num-slaves"]) == _REPLICAS
                and int(state["num-other-sentinels"]) == _SENTINELS - 1
                and state["flags"] == "master"
                for state in states
            )

        await eventually(know_all, within_s=_READY_WITHIN_S)
        first, *replicas = self.servers

        async def follow() -> bool:
            async with self.client(first) as client:
                told = await client.info("replication")
            return all(told.get(f"slave{n}", {}).get("state") == "online" for n in range(len(replicas)))

        await eventually(follow, within_s=_READY_WITHIN_S)

    async def _state(self, port: int) -> dict[str, str] | None:
        async with _sentinel(port) as client:
            try:
                told = await client.execute_command("SENTINEL", "MASTER", SERVICE)  # type: ignore[no-untyped-call]
            except RedisError:
                return None
        return dict(zip(told[::2], told[1::2], strict=True))


@asynccontextmanager
async def sentinels_of(folder: Path) -> AsyncIterator[Sentinels]:
    """Start a master, two replicas and three sentinels, which agree within a second; kill all of them at the end."""
    first, *others = ports = free_ports(1 + _REPLICAS + _SENTINELS)
    program = str(find_redis().server)
    async with AsyncExitStack() as stack:
        running: dict[int, Running] = {}
        for port in ports:
            home = folder / str(port)
            home.mkdir()
            is_sentinel = port in others[_REPLICAS:]
            follows = f"replicaof {_HOST} {first}\n" if port != first else ""
            watches = f"sentinel monitor {SERVICE} {_HOST} {first} {_QUORUM}\n"
            text = (watches + _SENTINEL) if is_sentinel else (follows + _SERVER)
            (home / "server.conf").write_text(f"port {port}\ndir {home}\n{text}", encoding="utf-8")
            command = [program, str(home / "server.conf"), *(["--sentinel"] if is_sentinel else [])]
            running[port] = await stack.enter_async_context(started(command, {"LC_ALL": "C"}))
        site = Sentinels(
            servers={port: running[port] for port in ports[: 1 + _REPLICAS]},
            sentinels={port: running[port] for port in others[_REPLICAS:]},
        )
        await site.ready()
        yield site
        for server in running.values():
            if server.runs:
                server.send(signal.SIGCONT)  # one that hangs


def _sentinel(port: int) -> Redis:
    return Redis(
        host=_HOST,
        port=port,
        password=SENTINEL_PASSWORD,
        socket_timeout=2,
        socket_connect_timeout=2,
        decode_responses=True,
    )
