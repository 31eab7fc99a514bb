"""The life of a worker process: its parts are made, run side by side, drained at a signal, and closed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from jobs.addresses import redis_address
from jobs.context import Site
from jobs.engine import Doors, Engine, Loop, Post, open_doors
from jobs.execute import TaskExecutor
from jobs.history import HistoryWriter
from jobs.pause import Pauses
from jobs.processes import Processes
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.settings import JobsSettings
from jobs.stores.database import Database
from jobs.stores.events import Events
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Timing
from jobs.stores.pauses import PauseStore
from jobs.stores.queue import Queue
from jobs.stores.remains import Remains
from jobs.submit import Submitter
from jobs.sweep import Sweeper
from jobs.threads import Threads
from jobs.worker import Worker

_REDIS_PATIENCE_S = 5.0
_LAST_WORDS_S = 3.0
_CONNECT_PATIENCE_S = 10.0
_CONNECTIONS_BESIDE_JOBS = 4

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The doors to PostgreSQL and Redis."""

    database: Database
    jobs: JobStore
    queue: Queue
    events: Events
    doors: Doors


async def serve_until_signal(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(settings, tasks, slots, stopping=stopping)


async def serve(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], *, stopping: asyncio.Event) -> None:
    """Run jobs of these queues, so many at once of each, until `stopping` is set; then drain and return.

    Raises UnfitRedisError, before the first claim, where Redis must not be used.
    """
    async with _stores(settings, tasks, slots) as stores:
        with Processes(settings.processes, memory_mb=settings.child_memory_mb) as processes, Threads() as threads:
            site = Site(settings=settings, database=stores.database)
            executor = TaskExecutor(tasks=tasks, jobs=stores.jobs, processes=processes, threads=threads, site=site)
            posts = {queue: Post(slots=count, executor=executor) for queue, count in slots.items()}
            engine = Engine(stores.doors, posts, tasks=list(tasks), keeps_history=True)
            history = HistoryWriter(events=stores.events, jobs=stores.jobs)
            takers = {
                f"take {queue}": Worker.of(intake, tasks, stores.doors.redis).main
                for queue, intake in engine.intakes.items()
            }
            beside = {**takers, **_beside(settings, tasks, slots, stores), "history": history.run}
            log.info("worker_started", queues=dict(slots), tasks=list(tasks))
            await engine.run(beside, stopping=stopping, grace_s=lambda: settings.drain_s)
            await _last_words(history)
    log.info("worker_stopped")


def _beside(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], stores: Stores) -> Mapping[str, Loop]:
    """Give the loops that look after the site."""
    redis, leases = stores.doors.redis, stores.doors.leases
    turn_s = settings.turn_ms / 1000
    submitter = Submitter(tasks=tasks, database=stores.database, jobs=stores.jobs, queue=stores.queue, turn_s=turn_s)
    return {
        "recoverer": Recoverer(jobs=stores.jobs, events=stores.events, queue=stores.queue, submitter=submitter).run,
        "reconciler": Reconciler(jobs=stores.jobs, remains=Remains(redis), queues=list(slots)).run,
        "sweeper": Sweeper(leases=leases, queue=stores.queue, max_running=settings.max_running or None).run,
        "pauses": Pauses(PauseStore(stores.database, redis)).run,
    }


async def _last_words(history: HistoryWriter) -> None:
    try:
        async with asyncio.timeout(_LAST_WORDS_S):
            await history.close()
    except TimeoutError:
        log.warning("history_left_to_others", reason="no answer in time")


@asynccontextmanager
async def _stores(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> AsyncIterator[Stores]:
    """Open the stores; close them in the end. Nothing connects before it is used."""
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * sum(slots.values()) + _CONNECTIONS_BESIDE_JOBS,
        patience_s=_CONNECT_PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    address = redis_address(settings.redis_url.get_secret_value())
    timing = Timing(lease_ms=settings.lease_ms, renew_ms=settings.renew_ms, step_ms=settings.step_ms)
    try:
        async with open_doors(address, timing, list(tasks)) as doors:
            yield Stores(
                database=database,
                jobs=JobStore(database),
                queue=Queue(doors.redis, patience_s=_REDIS_PATIENCE_S, step_ms=settings.step_ms),
                events=Events(doors.listening, consumer=doors.name),
                doors=doors,
            )
    finally:
        await database.close()
