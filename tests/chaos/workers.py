"""Workers in the test's own event loop whose slots, and whose recoverer's patience, the test chooses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jobs.cancelling import cancel_until_ended
from jobs.recover import Recoverer
from jobs.restore import Restorer
from jobs.serve import serve
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis
from tests.support.both import both_of
from tests.support.site import tasks_of


@asynccontextmanager
async def worker_of(environ: Mapping[str, str], slots: Mapping[str, int]) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker that is the steward too; give its task, which must not end before it is stopped at the end."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(
        serve(load_settings(environ), tasks_of(environ), slots, with_steward=True, stopping=stopping)
    )
    try:
        yield worker
    finally:
        stopping.set()
        await worker


@asynccontextmanager
async def hasty_recoverer(environ: Mapping[str, str], database: Database) -> AsyncIterator[None]:
    """Run a recoverer that looks every tenth of a second, for jobs of any age."""
    redis = connect_redis(environ["REDIS_URL"], patience_s=1)
    both = both_of(database, redis, patience_s=1)
    restorer = Restorer(both, tasks=tasks_of(environ), turn_s=30)
    loop = asyncio.create_task(Recoverer(both, restorer=restorer, every_s=0.1, age_s=0).run())
    try:
        yield
    finally:
        await cancel_until_ended([loop], again_s=0.5)
        await redis.aclose(close_connection_pool=True)
