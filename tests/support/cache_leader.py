"""A process that begins to make a cached value, says so, and never ends: `python -m tests.support.cache_leader`.

Its arguments are the addresses of Redis and of PostgreSQL, a sku, and the seconds that it may hold others up.
"""

import asyncio
import sys

from jobs.cache.cache import Cache
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis
from tests.support.caching import PATIENT_S, SCOPES, Prices


async def _main(redis_url: str, database_url: str, sku: str, lead_s: str) -> None:
    database = await Database.open(database_url, size=2, patience_s=10, answer_s=30)
    await database.ping()  # it is connected when it is to answer: that takes a part of the lead on a busy machine
    redis = connect_redis(redis_url, patience_s=PATIENT_S, retries=0)
    prices = Prices(database, Cache(redis, database, SCOPES, patience_s=PATIENT_S, lead_s=float(lead_s)))
    prices.may_end.clear()
    reading = asyncio.create_task(prices.of(sku))
    await prices.began.wait()
    print("leads", flush=True)  # noqa: T201  for the test
    await reading


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
