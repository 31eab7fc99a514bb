"""Hears of ends and of wishes to cancel, by publish and subscribe. It hurries; nothing may rely on it."""

from collections.abc import AsyncIterator, Callable

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
        """Give jobs that have ended. A stock client's id that has a space in it comes in parts."""
        return self._heard(keys.ENDED_CHANNEL, str.split)

    def cancelled(self) -> AsyncIterator[list[str] | None]:
        """Give running jobs that are to be cancelled, each alone and whole: a part of an id may be another's."""
        return self._heard(keys.CANCEL_CHANNEL, lambda job_id: [job_id])

    async def _heard(self, name: str, ids_in: Callable[[str], list[str]]) -> AsyncIterator[list[str] | None]:
        with answering():
            async with self._redis.pubsub() as channel:
                await channel.subscribe(name)
                while True:
                    message = await channel.get_message(timeout=_LISTEN_S)
                    if message is not None:
                        is_told = message["type"] == "message"
                        yield ids_in(message["data"].decode(errors="replace")) if is_told else None
