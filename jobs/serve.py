"""The life of a worker process: its parts are made, run side by side, drained at a signal, and closed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from jobs.cancelling import cancel_until_ended
from jobs.context import Site
from jobs.execute import Executor
from jobs.processes import Processes
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.settings import JobsSettings
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Queue, connect_redis
from jobs.stores.signals import Signals
from jobs.submit import Submitter
from jobs.worker import Worker

_REDIS_PATIENCE_S = 5.0
_LOOP_ENDS_S = 0.5
_CONNECT_PATIENCE_S = 10.0
_CONNECTIONS_BESIDE_JOBS = 4

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worker process consists of."""

    workers: tuple[Worker, ...]
    recoverer: Recoverer


async def serve_until_signal(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(settings, tasks, slots, stopping=stopping)


async def serve(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], *, stopping: asyncio.Event) -> None:
    """Run jobs of these queues, so many at once of each, until `stopping` is set; then drain and return."""
    async with _parts(settings, tasks, slots) as parts:
        log.info("worker_started", queues=dict(slots), tasks=list(tasks))
        loops = [asyncio.create_task(parts.recoverer.run(), name="recoverer")]
        loops += [asyncio.create_task(worker.async_run(), name=worker.queue_name) for worker in parts.workers]
        signalled = asyncio.create_task(stopping.wait(), name="signal")
        # No loop ends by itself: one that does has met a fault, and the process must not go on without it.
        await asyncio.wait([signalled, *loops], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(worker.drain(settings.drain_s) for worker in parts.workers))
        await cancel_until_ended((signalled, *loops), again_s=_LOOP_ENDS_S)
        for task in loops:
            if not task.cancelled() and (fault := task.exception()):
                raise fault
    log.info("worker_stopped")


@asynccontextmanager
async def _parts(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> AsyncIterator[Parts]:
    """Wire everything together, lower layers first; close it in the opposite order."""
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * sum(slots.values()) + _CONNECTIONS_BESIDE_JOBS,
        patience_s=_CONNECT_PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    redis = connect_redis(settings.redis_url.get_secret_value(), patience_s=_REDIS_PATIENCE_S)
    jobs = JobStore(database)
    submitter = Submitter(tasks=tasks, database=database, jobs=jobs, queue=Queue(redis, patience_s=_REDIS_PATIENCE_S))
    try:
        with Processes(settings.processes) as processes:
            executor = Executor(
                tasks=tasks,
                jobs=jobs,
                signals=Signals(redis),
                processes=processes,
                site=Site(settings=settings, database=database),
            )
            yield Parts(
                workers=tuple(
                    Worker(queue=queue, slots=count, tasks=tasks, executor=executor, redis=redis)
                    for queue, count in slots.items()
                ),
                recoverer=Recoverer(jobs=jobs, submitter=submitter),
            )
    finally:
        await redis.aclose(close_connection_pool=True)
        await database.close()
