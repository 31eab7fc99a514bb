"""The life of a process's cache: its connections and its loop, from its first use to the process's end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from jobs.addresses import RedisAddress
from jobs.cache.cache import WRITE_PATIENCE_S, Cache
from jobs.cache.scopes import Scope
from jobs.cancelling import cancel_until_ended
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis


@asynccontextmanager
async def open_cache(
    where: str | RedisAddress, database: Database, scopes: Sequence[Scope] = (), *, patience_s: float
) -> AsyncIterator[Cache]:
    """Make a cache with connections of its own, and keep it right until the end. No store has to be up.

    `scopes` are those whose counts can be read, and that can be cleared, by this process; `patience_s` is how long a
    reader waits for Redis.
    """
    redis = connect_redis(where, patience_s=max(WRITE_PATIENCE_S, patience_s), retries=0)
    cache = Cache(redis, database, scopes, patience_s=patience_s)
    loop = asyncio.create_task(cache.run(), name="cache")
    try:
        yield cache
    finally:
        await cancel_until_ended([loop], again_s=0.2)
        await cache.finish()
        await redis.aclose(close_connection_pool=True)
