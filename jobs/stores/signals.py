"""Tells other processes that a job has ended, by publish and subscribe. It hurries; nothing may rely on it."""

from collections.abc import AsyncIterator

from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs import keys
from jobs.errors import StoreUnavailableError

_LISTEN_S = 5.0  # how long one read may stay silent before the connection's health is looked at


class Signals:
    """Sends and receives the ids of jobs that have ended."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send_ended(self, job_id: str) -> None:
        """Tell whoever listens. Raises StoreUnavailableError."""
        try:
            await self._redis.publish(keys.ENDED_CHANNEL, job_id)
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"Redis: {error}") from error

    async def ended(self) -> AsyncIterator[str | None]:
        """Give ids as they come; None first, once nothing can be missed any more. Raises StoreUnavailableError."""
        try:
            async with self._redis.pubsub() as channel:
                await channel.subscribe(keys.ENDED_CHANNEL)
                while True:
                    message = await channel.get_message(timeout=_LISTEN_S)
                    if message is not None:
                        yield message["data"].decode() if message["type"] == "message" else None
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"Redis: {error}") from error
