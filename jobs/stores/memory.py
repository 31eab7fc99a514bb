"""How much memory Redis takes, and may take."""

from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from jobs.stores.redis import answering


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """In bytes; `most_bytes` is 0 where Redis has no bound of its own."""

    used_bytes: int
    most_bytes: int


class Memory:
    """Asks Redis."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def use(self) -> MemoryUse | None:
        """Give what Redis says; None where it does not tell, as some managed ones. Raises StoreUnavailableError."""
        with answering():
            try:
                told = await self._redis.info("memory")
            except ResponseError:
                return None
        if "used_memory" not in told:
            return None
        return MemoryUse(used_bytes=told["used_memory"], most_bytes=told.get("maxmemory", 0))
