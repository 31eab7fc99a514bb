"""What all web processes together have answered, in Redis; lost with it, and bounded by the routes that there are."""

from collections.abc import Mapping

from redis.asyncio import Redis

from app import keys
from app.traffic import Tally, tally_of
from jobs.stores.redis import answering


class TrafficStore:
    """All calls raise StoreUnavailableError where Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def add(self, page: Mapping[str, int]) -> None:
        """Add what one process has counted. Where the answer gets lost it may be added, or not."""
        with answering():
            async with self._redis.pipeline(transaction=True) as pipe:
                for name, count in page.items():
                    pipe.hincrby(keys.TRAFFIC, name, count)
                await pipe.execute()

    async def tally(self) -> Tally:
        """Give what was counted since Redis last began anew, of this and other processes up to a second ago."""
        with answering():
            fields: dict[bytes, bytes] = await self._redis.hgetall(keys.TRAFFIC)  # type: ignore[misc]
        return tally_of({name.decode(errors="replace"): int(value) for name, value in fields.items()})
