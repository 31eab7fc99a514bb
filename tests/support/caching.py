"""Caches as several processes have them, and a method whose values they keep: it counts, and can be held up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from jobs.cache.cache import Cache
from jobs.cache.cached import cached
from jobs.cache.scopes import Scope
from jobs.cancelling import cancel_until_ended
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis

TAG = "prices"
PRICES = Scope(name="test-prices", depends_on=(TAG,))
LATER_PRICES = Scope(name="test-later-prices", depends_on=(TAG,))
SCOPES = (PRICES, LATER_PRICES)
TTL_S = 60
# A busy machine may hold Redis up for a moment, which is a miss: who counts queries waits for it.
PATIENT_S = 20.0
# Who makes a value holds others up for longer than a test waits: who goes on was let go on.
LEAD_S = 60.0

_TABLE = "CREATE TABLE prices (sku text PRIMARY KEY, price integer)"


class Prices:
    """What is cached: one query a price."""

    def __init__(self, database: Database, cache: Cache) -> None:
        self.cache = cache
        self.queries = 0
        self.began = asyncio.Event()  # a query has been answered
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._database = database

    @cached(ttl_s=TTL_S, key=("sku",), scope=PRICES)
    async def of(self, sku: str, *, asked_by: object = None) -> int | None:
        """Give a price; None where there is none. Who asks does not matter."""
        del asked_by
        return await self._query(sku)

    @cached(ttl_s=TTL_S, key=("sku",), scope=LATER_PRICES)
    async def later(self, sku: str) -> tuple[int, ...]:
        """Give the same in another scope and form."""
        price = await self._query(sku)
        return () if price is None else (price,)

    async def set(self, sku: str, price: int | None) -> None:
        """Write a price."""
        async with self.cache.writing(TAG) as connection:
            await connection.execute(
                "INSERT INTO prices VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET price = excluded.price", sku, price
            )

    async def _query(self, sku: str) -> int | None:
        self.queries += 1
        row = await self._database.fetch_row("SELECT price FROM prices WHERE sku = $1", sku)
        self.began.set()
        await self.may_end.wait()
        return None if row is None else row["price"]


@asynccontextmanager
async def prices(
    redis_url: str,
    database: Database,
    count: int,
    *,
    runs: bool = True,
    **options: Any,  # noqa: ANN401  the cache's
) -> AsyncIterator[Sequence[Prices]]:
    """Give so many, each with a cache and connections of its own, as processes have them. `options` are the cache's."""
    await database.execute(_TABLE)
    options = {"patience_s": PATIENT_S} | options
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            redis = connect_redis(redis_url, patience_s=PATIENT_S, retries=0)
            stack.push_async_callback(redis.aclose, close_connection_pool=True)
            cache = Cache(redis, database, SCOPES, **options)
            if runs:
                stack.push_async_callback(cancel_until_ended, [asyncio.create_task(cache.run())], again_s=0.2)
            made.append(Prices(database, cache))
        yield made
