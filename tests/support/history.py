"""The events that scripts have told, and what workers have read of them and not yet written into PostgreSQL."""

from collections import defaultdict

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from jobs import codec, keys
from jobs.stores.database import Database
from tests.support.conditions import PATIENCE_S, eventually

_GROUP = (keys.EVENTS, keys.HISTORY_GROUP)
_MOST = 10_000
_ABANDONED_MS = 61_000

Steps = defaultdict[str, dict[int, str]]  # by job: versions and states


async def all_written(database: Database, *, within_s: float = PATIENCE_S) -> None:
    """Wait until PostgreSQL knows of all jobs how they have ended. It takes a steward."""

    async def none_is_unwritten() -> bool:
        return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL LIMIT 1")

    await eventually(none_is_unwritten, within_s=within_s)


async def told_by_scripts(redis: Redis) -> Steps:
    """Give all that the stream has."""
    steps: Steps = defaultdict(dict)
    for _, fields in await redis.xrange(keys.EVENTS):
        for told in codec.loads_plain(fields[b"events"]):
            steps[told["id"]][int(told["v"])] = told["state"]
    return steps


async def readers(redis: Redis, worker: int) -> list[str]:
    """Give the names by which the worker of this process id reads; none before it runs."""
    try:
        consumers = await redis.xinfo_consumers(*_GROUP)
    except ResponseError as error:
        if str(error) != "no such key":
            raise
        return []  # nobody has told or read anything yet
    names = [one["name"].decode() for one in consumers]
    return [name for name in names if name.split("-")[-2:-1] == [str(worker)]]  # host, process id, noise


async def abandon(redis: Redis, worker: int) -> None:
    """Let a minute have passed since a dead worker read what it has not written: then others write it."""
    for name in await readers(redis, worker):
        pending = await redis.xpending_range(*_GROUP, "-", "+", _MOST, name)
        if pending:
            entries = [one["message_id"] for one in pending]
            await redis.xclaim(*_GROUP, name, 0, entries, idle=_ABANDONED_MS, justid=True)
