"""All that both stores hold, in short: two snapshots are equal where nothing was changed between them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from app.keys import TRAFFIC
from jobs.stores.database import Database
from ratelimit.keys import BUCKETS

_HASH = 'SELECT md5(string_agg(row::text, chr(10) ORDER BY row::text)) FROM "{}" row'

_OF_REQUESTS = (f"{BUCKETS}:".encode(), b"switchyard:rate:", b"switchyard:cache:", TRAFFIC.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Tables with a hash of their rows, and keys with a hash of their values."""

    tables: Mapping[str, str]
    keys: Mapping[bytes, str]


async def snapshot_of(database: Database, redis_url: str) -> Snapshot:
    """Read both stores, but for what is there of each request, refused ones too: limits, statistics, the cache."""
    names = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    tables = {}
    for (name,) in names:
        (row,) = await database.fetch(_HASH.format(name))
        tables[str(name)] = str(row[0])
    redis: Redis = Redis.from_url(redis_url)
    try:
        keys = {
            key: hashlib.sha256(await redis.dump(key) or b"").hexdigest()
            async for key in redis.scan_iter()
            if not key.startswith(_OF_REQUESTS)
        }
    finally:
        await redis.aclose(close_connection_pool=True)
    return Snapshot(tables=tables, keys=keys)
