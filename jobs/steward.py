"""The life of a steward process: what a site needs beside its workers is done here, until a signal."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError
from jobs.ids import new_process_name
from jobs.logs import log_as
from jobs.registry import TaskTable
from jobs.service_manager import ServiceManager
from jobs.settings import JobsSettings
from jobs.stewardship import Stewardship, Stores, stewards_database
from jobs.stores.fitness import Fitness
from jobs.stores.redis import connect_redis
from jobs.timetable import Timetable
from jobs.watchdog import Watchdog

_REDIS_PATIENCE_S = 5.0
_LOOP_ENDS_S = 1.0
_AGAIN_S = 0.5

log = structlog.stdlib.get_logger(__name__)


async def steward_until_signal(settings: JobsSettings, tasks: TaskTable, timetable: Timetable) -> None:
    """Be a steward until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await steward(settings, tasks, timetable, stopping=stopping)


async def steward(settings: JobsSettings, tasks: TaskTable, timetable: Timetable, *, stopping: asyncio.Event) -> None:
    """Be a steward, who fires this timetable too, until `stopping` is set. No store has to be up.

    Raises UnfitRedisError where Redis must not be used.
    """
    async with _stores(settings) as stores:
        log_as(steward=stores.name)
        stewardship = Stewardship.of(settings, tasks, stores, timetable)
        log.info("steward_started", tasks=list(tasks), schedules=list(timetable))
        for name, reason in timetable.off.items():
            log.info("schedule_off", schedule=name, reason=reason)
        watchdog = Watchdog(ServiceManager.of(os.environ))
        watchdog.watch(stewardship.stuck)
        signalled = asyncio.create_task(stopping.wait(), name="signal")
        working = asyncio.create_task(_work(stewardship, Fitness(stores.redis), watchdog), name="stewardship")
        feeding = asyncio.create_task(watchdog.run(), name="watchdog")
        try:
            await asyncio.wait([signalled, working], return_when=asyncio.FIRST_COMPLETED)
            watchdog.stopping()
        finally:
            await cancel_until_ended([signalled, working, feeding], again_s=_LOOP_ENDS_S)
        if not working.cancelled() and (fault := working.exception()):
            raise fault
        await stewardship.close()
    log.info("steward_stopped")


async def _work(stewardship: Stewardship, fitness: Fitness, watchdog: Watchdog) -> None:
    while True:
        try:
            await fitness.check()
            break
        except StoreUnavailableError as error:
            log.warning("redis_awaited", reason=str(error))
            watchdog.ready()  # for when it comes
            await asyncio.sleep(_AGAIN_S)
    watchdog.ready()
    await stewardship.run()


@asynccontextmanager
async def _stores(settings: JobsSettings) -> AsyncIterator[Stores]:
    """Open the stores; close them in the end. Nothing connects before it is used."""
    url = settings.redis_url.get_secret_value()
    redis, listening = (connect_redis(url, patience_s=_REDIS_PATIENCE_S) for _ in range(2))
    async with stewards_database(settings) as database:
        try:
            yield Stores(
                database=database,
                redis=redis,
                listening=listening,
                name=new_process_name(),
                patience_s=_REDIS_PATIENCE_S,
            )
        finally:
            for client in (listening, redis):
                await client.aclose(close_connection_pool=True)
