"""The life of a worker process: its parts are made, run side by side, drained at a signal, and closed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial

import structlog

from jobs.addresses import redis_address
from jobs.cache.cache import Cache
from jobs.cache.opened import open_cache
from jobs.context import Site
from jobs.engine import REDIS_PATIENCE_S, Doors, Engine, Post, open_doors
from jobs.execute import TaskExecutor
from jobs.logs import log_as
from jobs.processes import Processes
from jobs.progress import ProgressReporter
from jobs.registry import TaskTable
from jobs.service_manager import ServiceManager
from jobs.settings import JobsSettings
from jobs.stewardship import Stewardship, stewards_database
from jobs.stewardship import Stores as StewardStores
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Timing
from jobs.stores.meeting import meet
from jobs.stores.progress import ProgressStream
from jobs.threads import Threads
from jobs.timetable import NO_SCHEDULES, Timetable
from jobs.watchdog import Watchdog
from jobs.worker import Worker

_CONNECT_PATIENCE_S = 10.0
_SPARE = 10  # connections to PostgreSQL, beside two a slot, for tasks that want more for a moment

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The doors to PostgreSQL and Redis."""

    database: Database
    cache: Cache
    jobs: JobStore
    doors: Doors


async def serve_until_signal(
    settings: JobsSettings,
    tasks: TaskTable,
    slots: Mapping[str, int],
    *,
    with_steward: bool,
    timetable: Timetable = NO_SCHEDULES,
) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(settings, tasks, slots, with_steward=with_steward, timetable=timetable, stopping=stopping)


async def serve(
    settings: JobsSettings,
    tasks: TaskTable,
    slots: Mapping[str, int],
    *,
    with_steward: bool,
    timetable: Timetable = NO_SCHEDULES,
    stopping: asyncio.Event,
) -> None:
    """Run jobs of these queues, so many at once of each, until `stopping` is set; then drain and return.

    `with_steward`: do a steward's work too, for a site that runs none; only then the timetable is fired.

    Raises UnfitRedisError, before the first claim, where Redis must not be used.
    """
    async with (
        _stores(settings, tasks, slots) as stores,
        _steward(settings, tasks, timetable, stores.doors) if with_steward else nullcontext() as steward,
    ):
        log_as(worker=stores.doors.name)
        with Processes(settings.processes, memory_mb=settings.child_memory_mb) as processes, Threads() as threads:
            site = Site(settings=settings, database=stores.database, cache=stores.cache)
            reporter = partial(ProgressReporter, jobs=stores.jobs, stream=ProgressStream(stores.doors.redis))
            executor = TaskExecutor(tasks=tasks, reporter=reporter, processes=processes, threads=threads, site=site)
            posts = {queue: Post(slots=count, executor=executor) for queue, count in slots.items()}
            watchdog = Watchdog(ServiceManager.of(os.environ))
            engine = Engine(stores.doors, posts, tasks=list(tasks), keeps_history=True, watchdog=watchdog)
            loops = {
                f"take {queue}": Worker.of(intake, tasks, stores.doors.redis).main
                for queue, intake in engine.intakes.items()
            }
            if steward is not None:
                loops["steward"] = steward.run
                watchdog.watch(steward.stuck)
            log.info("worker_started", queues=dict(slots), tasks=list(tasks))
            await engine.run(loops, stopping=stopping, grace_s=lambda: settings.drain_s)
            if steward is not None:
                await steward.close()
    log.info("worker_stopped")


@asynccontextmanager
async def _steward(
    settings: JobsSettings, tasks: TaskTable, timetable: Timetable, doors: Doors
) -> AsyncIterator[Stewardship]:
    """Make the steward of this process, with a PostgreSQL of its own: it does not wait for as long as tasks do."""
    async with stewards_database(settings) as database:
        stores = StewardStores(
            database=database,
            redis=doors.redis,
            listening=doors.listening,
            name=doors.name,
            patience_s=REDIS_PATIENCE_S,
        )
        yield Stewardship.of(settings, tasks, stores, timetable)


@asynccontextmanager
async def _stores(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> AsyncIterator[Stores]:
    """Open the stores; close them in the end. Nothing connects before it is used."""
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * sum(slots.values()) + _SPARE,
        patience_s=_CONNECT_PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    address = redis_address(settings.redis_url.get_secret_value())
    timing = Timing(lease_ms=settings.lease_ms, renew_ms=settings.renew_ms, step_ms=settings.step_ms)
    try:
        async with (
            open_doors(address, timing, list(tasks), greeting=meet) as doors,
            open_cache(address, database, patience_s=settings.cache_patience_s) as cache,
        ):
            yield Stores(
                database=database,
                cache=cache,
                jobs=JobStore(database),
                doors=doors,
            )
    finally:
        await database.close()
