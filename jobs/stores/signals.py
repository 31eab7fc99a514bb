"""Hears of ends and of wishes to cancel, by publish and subscribe. It hurries; nothing may rely on it."""

from collections.abc import AsyncIterator

from redis.asyncio import Redis

from jobs import keys
from jobs.stores.redis import answering

_LISTEN_S = 5.0  # how long one read may stay silent before the connection's health is looked at


class Signals:
    """Receives what the scripts send: ids of jobs. None comes first, once nothing can be missed any more.

    Both raise StoreUnavailableError.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def ended(self) -> AsyncIterator[list[str] | None]:
        """Give jobs that have ended."""
        return self._heard(keys.ENDED_CHANNEL)

    def cancelled(self) -> AsyncIterator[list[str] | None]:
        """Give running jobs that are to be cancelled."""
        return self._heard(keys.CANCEL_CHANNEL)

    async def _heard(self, name: str) -> AsyncIterator[list[str] | None]:
        with answering():
            async with self._redis.pubsub() as channel:
                await channel.subscribe(name)
                while True:
                    message = await channel.get_message(timeout=_LISTEN_S)
                    if message is not None:
                        yield message["data"].decode().split() if message["type"] == "message" else None
