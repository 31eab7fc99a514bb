"""Tells other processes that a job has ended, by publish and subscribe. It hurries; nothing may rely on it."""

from collections.abc import AsyncIterator

from redis.asyncio import Redis

from jobs import keys
from jobs.stores.redis import answering

_LISTEN_S = 5.0  # how long one read may stay silent before the connection's health is looked at


class Signals:
    """Receives the ids of jobs that have ended; the scripts that end jobs send them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ended(self) -> AsyncIterator[list[str] | None]:
        """Give ids as they come; None first, once nothing can be missed any more. Raises StoreUnavailableError."""
        with answering():
            async with self._redis.pubsub() as channel:
                await channel.subscribe(keys.ENDED_CHANNEL)
                while True:
                    message = await channel.get_message(timeout=_LISTEN_S)
                    if message is not None:
                        yield message["data"].decode().split() if message["type"] == "message" else None
