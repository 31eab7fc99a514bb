"""The doors of both stores, as a steward of the test's own has them, and what it does with them."""

from collections.abc import Sequence

from redis.asyncio import Redis

from jobs import keys
from jobs.history import HistoryWriter
from jobs.mend import Mender
from jobs.registry import TaskTable
from jobs.restore import Restorer
from jobs.scribe import Scribe
from jobs.stores.both import Both
from jobs.stores.database import Database
from jobs.stores.events import Entry, Events
from jobs.stores.queue import Queue
from jobs.stores.site import SiteStore
from jobs.strays import Strays


def both_of(database: Database, redis: Redis, *, patience_s: float = 5.0) -> Both:
    """Open the doors."""
    queue = Queue(redis, patience_s=patience_s, step_ms=600_000)
    return Both.of(database, redis, queue=queue, events=Events(redis, consumer="test"), lease_ms=15_000)


def mender_of(both: Both) -> Mender:
    """Give who mends; no task is known by its typical time."""
    restorer = Restorer(both, tasks=TaskTable([]), turn_s=30)
    return Mender(both, restorer=restorer, scribe=Scribe(both.jobs, both.queue))


async def see_to_redis(database: Database, redis: Redis) -> None:
    """Give Redis the site's name, as a steward does once it has nothing to bring back, unless one has."""
    site = await SiteStore(database, steward="test", lease_s=1.0).enter()
    await redis.set(keys.EPOCH, f"{site.site_id}:test", nx=True)


async def is_seen_to(redis: Redis) -> bool:
    """Say whether a steward has given Redis the site's name: before that nobody compares the stores."""
    return bool(await redis.exists(keys.EPOCH))


async def look_for_strays(strays: Strays) -> None:
    """Look at all entries once."""
    async for _ in strays.look_at_all():
        pass


async def write_entries(scribe: Scribe, entries: Sequence[Entry]) -> None:
    """Write what these tell."""
    async for _ in scribe.write(entries):
        pass


async def write_history(both: Both) -> None:
    """Write all that has been told so far."""
    history = HistoryWriter(events=both.events, scribe=Scribe(both.jobs, both.queue))
    await both.events.open()
    while await history.step(wait_ms=1):
        pass
