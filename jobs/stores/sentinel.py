"""Connections to the master that sentinels name, wherever a failover moves it. It knows no commands of ours."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from redis.asyncio.sentinel import Sentinel
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.sentinel import Sentinel as BlockingSentinel

from jobs.addresses import RedisAddress
from jobs.cancelling import cancel_until_ended
from jobs.stores.redis_pool import Pool

Place = tuple[str, int]

_SENTINEL_PATIENCE_S = 0.5
_LOOK_S = 1.0
_WATCH_ENDS_S = 0.2


class Master:
    """Where the master is, by the first sentinel that answers."""

    def __init__(self, address: RedisAddress, tls: dict[str, Any]) -> None:
        self.service = address.service or ""
        self._sentinel = Sentinel(list(address.hosts), sentinel_kwargs=_sentinel_options(address, tls))

    async def place(self) -> Place:
        """Give its host and port; raises redis-py's ConnectionError where no sentinel names one."""
        try:
            host, port = await self._sentinel.discover_master(self.service)
        except RedisError as error:
            raise RedisConnectionError(_unknown(self.service, error)) from error
        except RuntimeError as error:
            if _was_closed(error):
                raise RedisConnectionError(_unknown(self.service, error)) from error
            raise
        return str(host), int(port)

    async def close(self) -> None:
        """Close the connections to the sentinels; they are opened again by the next question."""
        for sentinel in self._sentinel.sentinels:
            await sentinel.aclose()


class BlockingMaster:
    """The same for one thread."""

    def __init__(self, address: RedisAddress, tls: dict[str, Any]) -> None:
        self.service = address.service or ""
        self._sentinel = BlockingSentinel(list(address.hosts), sentinel_kwargs=_sentinel_options(address, tls))

    def place(self) -> Place:
        """Give its host and port; raises redis-py's ConnectionError where no sentinel names one."""
        try:
            host, port = self._sentinel.discover_master(self.service)
        except RedisError as error:
            raise RedisConnectionError(_unknown(self.service, error)) from error
        return str(host), int(port)


class AtMaster:
    """A connection that goes where the master is, at each attempt anew. To be mixed into a class of redis-py's.

    redis-py's own class asks once and then tries one address several times, three seconds or more for each that is
    dead, while another may have been promoted.
    """

    def __init__(self, *, master: Master, **options: Any) -> None:  # noqa: ANN401  redis-py's
        self._master = master
        super().__init__(**options)

    def repr_pieces(self) -> list[tuple[str, str | int]]:
        """Tell the connection from others."""
        return [("service", self._master.service), *super().repr_pieces()]  # type: ignore[misc]

    async def _connect(self) -> None:
        self.host, self.port = await self._master.place()
        await super()._connect()  # type: ignore[misc]

    async def on_connect(self) -> None:
        """Log in, and leave a server that is a replica: to subscribe there would succeed, and never tell anything."""
        await super().on_connect()  # type: ignore[misc]
        with suppress(ResponseError):  # a user who may not ask meets READONLY instead
            await self.send_command("ROLE", check_health=False)  # type: ignore[attr-defined]
            _refuse_replica(await self.read_response(), self)  # type: ignore[attr-defined]


class BlockingAtMaster:
    """The same for one thread. As nobody watches for a failover on its behalf, it asks before it speaks."""

    def __init__(self, *, master: BlockingMaster, **options: Any) -> None:  # noqa: ANN401  redis-py's
        self._master = master
        self._looked = 0.0
        super().__init__(**options)

    def repr_pieces(self) -> list[tuple[str, str | int]]:
        """Tell the connection from others."""
        return [("service", self._master.service), *super().repr_pieces()]  # type: ignore[misc]

    def _connect(self) -> Any:  # noqa: ANN401  redis-py's
        self.host, self.port = self._master.place()
        self._looked = time.monotonic()
        return super()._connect()  # type: ignore[misc]

    def on_connect(self) -> None:
        """Log in, and leave a server that is a replica."""
        super().on_connect()  # type: ignore[misc]
        with suppress(ResponseError):
            self.send_command("ROLE", check_health=False)  # type: ignore[attr-defined]
            _refuse_replica(self.read_response(), self)  # type: ignore[attr-defined]

    def check_health(self) -> None:
        """Connect anew where another server is the master by now."""
        if time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        with suppress(RedisConnectionError):  # no sentinel knows: who is connected stays so
            if self._master.place() == (self.host, self.port):
                return
            self.disconnect()  # type: ignore[attr-defined]
        if not self._sock:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]


class MasterPool(Pool):
    """Connections to the master. A second after a failover none is left to the former one, whatever it waits for.

    Sentinel cuts them itself when it demotes a server, but it cannot reach one whose host is gone, or that hangs, or
    that only it has lost sight of: a subscription there would stay silent, and writes would be lost later.
    """

    def __init__(self, master: Master, **options: Any) -> None:  # noqa: ANN401  redis-py's
        super().__init__(master=master, **options)
        self._master = master
        self._watching: asyncio.Task[None] | None = None

    async def get_connection(self, *_: object, **__: object) -> Any:  # noqa: ANN401  redis-py's
        """Give one that is connected to the master."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="master-watch")
        return await super().get_connection()

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002  redis-py's
        """Close the idle connections, or all; with all also those to the sentinels, and look no more."""
        if inuse_connections and self._watching is not None:
            await cancel_until_ended([self._watching], again_s=_WATCH_ENDS_S)
            self._watching = None
            await self._master.close()
        await super().disconnect(inuse_connections)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                place = await self._master.place()
            except RedisConnectionError:
                continue  # nobody knows: who is connected stays so
            _cut([one for one in self._all() if one.is_connected and (one.host, one.port) != place])

    def _all(self) -> list[Any]:
        return [*self._available_connections, *self._in_use_connections]


def _cut(connections: Iterable[Any]) -> None:
    """Let whoever reads from them, now or at the next use, find them closed; a hung server need not agree."""
    for connection in connections:
        connection._writer.transport.abort()  # noqa: SLF001  closing it politely waits for the server


def _refuse_replica(role: Any, connection: Any) -> None:  # noqa: ANN401  redis-py's
    if role[0] != b"master":
        raise RedisConnectionError(f"{connection.host}:{connection.port} is not the master yet, or no longer")


def _was_closed(error: RuntimeError) -> bool:
    """Tell uvloop's word for a connection that was closed in the turn before from a mistake.

    Connections to sentinels are redis-py's own; those to Redis look before they write.
    """
    return "the handler is closed" in str(error)


def _sentinel_options(address: RedisAddress, tls: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": address.sentinel_username,
        "password": address.sentinel_password,
        "socket_timeout": _SENTINEL_PATIENCE_S,
        "socket_connect_timeout": _SENTINEL_PATIENCE_S,
        **({"ssl": True, **tls} if address.tls else {}),
    }


def _unknown(service: str, error: Exception) -> str:
    return f"no sentinel names a master of {service!r}: {error}"
