"""The life of a worker process: its parts are made, run side by side, drained at a signal, and closed."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from jobs.cancel_listener import CancelListener
from jobs.cancelling import cancel_until_ended
from jobs.context import Site
from jobs.errors import StoreUnavailableError
from jobs.execute import Executor
from jobs.held import Holdings, Run
from jobs.history import HistoryWriter
from jobs.intake import Intake
from jobs.lease_keeper import LeaseKeeper
from jobs.outage import Outage
from jobs.pause import Pauses
from jobs.presence import Herald
from jobs.processes import Processes
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.settings import JobsSettings
from jobs.stores.database import Database
from jobs.stores.events import Events
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Leases, Renewals, Timing
from jobs.stores.pauses import PauseStore
from jobs.stores.presence import Presence
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_blocking, connect_redis
from jobs.stores.remains import Remains
from jobs.stores.signals import Signals
from jobs.submit import Submitter
from jobs.sweep import Sweeper
from jobs.threads import Threads
from jobs.tick import Ticker
from jobs.worker import Worker

_REDIS_PATIENCE_S = 5.0
_LOOP_ENDS_S = 0.5
_LAST_WORDS_S = 3.0
_CONNECT_PATIENCE_S = 10.0
_CONNECTIONS_BESIDE_JOBS = 4
_SETTLE_S = 2.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worker process consists of."""

    workers: tuple[Worker, ...]
    recoverer: Recoverer
    reconciler: Reconciler
    sweeper: Sweeper
    ticker: Ticker
    pauses: Pauses
    herald: Herald
    listener: CancelListener
    history: HistoryWriter
    keeper: LeaseKeeper
    outage: Outage
    fitness: Fitness


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The doors to PostgreSQL and Redis."""

    database: Database
    jobs: JobStore
    queue: Queue
    leases: Leases
    renewals: Renewals
    events: Events
    signals: Signals
    fitness: Fitness


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
            executor = Executor(tasks=tasks, jobs=stores.jobs, processes=processes, threads=threads, site=site)
            parts = _wired(settings, tasks, slots, stores, executor)
            await _run(parts, settings, tasks, slots, stopping)
    log.info("worker_stopped")


async def _run(
    parts: Parts, settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], stopping: asyncio.Event
) -> None:
    parts.keeper.start()
    signalled = asyncio.create_task(stopping.wait(), name="signal")
    checked = asyncio.create_task(_check(parts), name="fitness")
    loops: list[asyncio.Task[None]] = []
    log.info("worker_started", queues=dict(slots), tasks=list(tasks))
    try:
        await asyncio.wait([signalled, checked], return_when=asyncio.FIRST_COMPLETED)
        if checked.done():
            checked.result()
            loops += _begin(parts)
        # No loop ends by itself: one that does has met a fault, and the process must not go on without it.
        await asyncio.wait([signalled, *loops], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(worker.drain(settings.drain_s) for worker in parts.workers))
    finally:
        parts.outage.close()
        await cancel_until_ended((signalled, checked, *loops), again_s=_LOOP_ENDS_S)
        await parts.keeper.close()
        await parts.herald.close()
    for task in loops:
        if not task.cancelled() and (fault := task.exception()):
            raise fault
    try:
        async with asyncio.timeout(_LAST_WORDS_S):
            await parts.history.close()
    except TimeoutError:
        log.warning("history_left_to_others", reason="no answer in time")


async def _check(parts: Parts) -> None:
    """Look at Redis when it first answers; raises UnfitRedisError."""
    while True:
        try:
            return await parts.fitness.check()
        except StoreUnavailableError as error:
            await parts.outage.over(error)


def _begin(parts: Parts) -> list[asyncio.Task[None]]:
    beside = (
        *(parts.recoverer, parts.reconciler, parts.sweeper, parts.ticker),
        *(parts.pauses, parts.herald, parts.listener, parts.history),
    )
    loops = [asyncio.create_task(part.run(), name=type(part).__name__) for part in beside]
    return loops + [asyncio.create_task(worker.async_run(), name=worker.queue_name) for worker in parts.workers]


@asynccontextmanager
async def _stores(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> AsyncIterator[Stores]:
    """Open the stores; close them in the end. Nothing connects before it is used."""
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * sum(slots.values()) + _CONNECTIONS_BESIDE_JOBS,
        patience_s=_CONNECT_PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    url = settings.redis_url.get_secret_value()
    timing = Timing(lease_ms=settings.lease_ms, renew_ms=settings.renew_ms, step_ms=settings.step_ms)
    redis = connect_redis(url, patience_s=_REDIS_PATIENCE_S)
    listening = connect_redis(url, patience_s=_REDIS_PATIENCE_S + settings.renew_ms / 1000)
    renewing = connect_blocking(url, patience_s=min(_REDIS_PATIENCE_S, settings.lease_ms / 3000))
    name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        yield Stores(
            database=database,
            jobs=JobStore(database),
            queue=Queue(redis, patience_s=_REDIS_PATIENCE_S, step_ms=settings.step_ms),
            leases=Leases(redis, listening, worker=name, timing=timing, tasks=list(tasks)),
            renewals=Renewals(renewing, worker=name, timing=timing),
            events=Events(listening, consumer=name),
            signals=Signals(listening),
            fitness=Fitness(redis),
        )
    finally:
        renewing.close()
        for client in (listening, redis):
            await client.aclose(close_connection_pool=True)
        await database.close()


def _wired(
    settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], stores: Stores, executor: Executor
) -> Parts:
    """Hand each part what it needs, lower layers first."""
    holdings = Holdings()
    intakes: dict[str, Intake] = {}

    def lose(run: Run) -> None:
        intakes[run.claimed.queue].runs.lose(run)

    def cancel(run: Run) -> None:
        intakes[run.claimed.queue].runs.cancel(run)

    keeper = LeaseKeeper(renewals=stores.renewals, holdings=holdings, lost=lose, cancelled=cancel)
    outage = Outage(keeper=keeper, settle_s=min(_SETTLE_S, settings.lease_ms / 5000))
    for queue, count in slots.items():
        intakes[queue] = Intake(
            queue=queue, slots=count, leases=stores.leases, holdings=holdings, outage=outage, executor=executor
        )
    submitter = Submitter(
        tasks=tasks,
        database=stores.database,
        jobs=stores.jobs,
        queue=stores.queue,
        turn_s=settings.turn_ms / 1000,
    )
    return Parts(
        workers=tuple(
            Worker(slots=slots[queue], tasks=tasks, intake=intake, redis=stores.leases.redis)
            for queue, intake in intakes.items()
        ),
        recoverer=Recoverer(jobs=stores.jobs, events=stores.events, queue=stores.queue, submitter=submitter),
        reconciler=Reconciler(jobs=stores.jobs, remains=Remains(stores.leases.redis), queues=list(slots)),
        sweeper=Sweeper(leases=stores.leases, queue=stores.queue, max_running=settings.max_running or None),
        pauses=Pauses(PauseStore(stores.database, stores.leases.redis)),
        herald=Herald(
            presence=Presence(stores.leases.redis), name=stores.leases.worker, intakes=intakes, tasks=list(tasks)
        ),
        ticker=Ticker(leases=stores.leases, queues=list(slots)),
        listener=CancelListener(signals=stores.signals, holdings=holdings, keeper=keeper, cancelled=cancel),
        history=HistoryWriter(events=stores.events, jobs=stores.jobs),
        keeper=keeper,
        outage=outage,
        fitness=stores.fitness,
    )
