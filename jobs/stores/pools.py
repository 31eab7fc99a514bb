"""How much of a process's connections is in use. It opens and closes none."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from redis.asyncio import Redis


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """Connections that are open: those that somebody has borrowed, and those at hand; `size` is how many there may be.

    `size` is infinite where nothing bounds them.
    """

    used: int
    idle: int
    size: float


Pools: TypeAlias = Mapping[str, Callable[[], PoolUse]]  # what counts those of a store, by its name


def redis_use(clients: Iterable[Redis]) -> PoolUse:
    """Count the connections of these clients, which open as many as are needed at once."""
    pools: list[Any] = [client.connection_pool for client in clients]  # redis-py counts them, and tells nobody
    return PoolUse(
        used=sum(len(pool._in_use_connections) for pool in pools),  # noqa: SLF001
        idle=sum(connection.is_connected for pool in pools for connection in pool._available_connections),  # noqa: SLF001
        size=math.inf,
    )
