"""Which queues rest: the table in PostgreSQL, and the copy in Redis that the claims look at."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from redis.asyncio import Redis

from jobs import keys
from jobs.audit import Action, Actor, Deed
from jobs.stores.audit import note
from jobs.stores.database import Database
from jobs.stores.queries import load_queries
from jobs.stores.redis import answering
from jobs.stores.scripts import Script

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_PAUSE = Script("pause")


class PauseStore:
    """All calls raise StoreUnavailableError where the store that they need is away."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis

    async def add(self, queue: str, *, by: Actor) -> None:
        """Write down that a queue rests, and who wanted that; one that does already is left as it is."""
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["pause"], queue, by.name):
                await note(Deed(actor=by, action=Action.QUEUE_PAUSE, object_id=queue), connection=connection)

    async def remove(self, queue: str, *, by: Actor) -> None:
        """Write down that a queue goes on, and who wanted that; nothing where it does already."""
        async with self._database.transaction() as connection:
            if await connection.fetch_row(_SQL["resume"], queue):
                await note(Deed(actor=by, action=Action.QUEUE_RESUME, object_id=queue), connection=connection)

    async def all(self) -> Mapping[str, datetime]:
        """Give the queues that rest, and since when."""
        return {row["queue"]: row["paused_at"] for row in await self._database.fetch(_SQL["all"])}

    async def copied(self) -> Mapping[str, int]:
        """Give what Redis has of it: the queues with the ms since which they rest."""
        with answering():
            found: dict[bytes, bytes] = await self._redis.hgetall(keys.PAUSED)  # type: ignore[misc]
        return {queue.decode(): int(since) for queue, since in found.items()}

    async def copy(self, queue: str, since: datetime | None) -> None:
        """Let Redis know: a queue rests since then, or with None goes on, which wakes its workers."""
        with answering():
            await _PAUSE.run(self._redis, queue, "" if since is None else round(since.timestamp() * 1000))
