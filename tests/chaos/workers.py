"""Workers in the test's own event loop whose slots, and whose recoverer's patience, the test chooses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from jobs.cancelling import cancel_until_ended
from jobs.recover import Recoverer
from jobs.serve import serve
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.stores.events import Events
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_redis
from jobs.submit import Submitter
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
    jobs = JobStore(database)
    queue = Queue(redis, patience_s=1, step_ms=600_000)
    submitter = Submitter(tasks=tasks_of(environ), database=database, jobs=jobs, queue=queue, turn_s=30)
    loop = asyncio.create_task(
        Recoverer(
            jobs=jobs,
            events=Events(redis, consumer="recoverer"),
            queue=queue,
            submitter=submitter,
            every_s=0.1,
            age_s=0,
        ).run()
    )
    try:
        yield
    finally:
        await cancel_until_ended([loop], again_s=0.5)
        await redis.aclose(close_connection_pool=True)
