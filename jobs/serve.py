"""The life of a worker process: its parts are made, run side by side, drained at a signal, and closed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog
from redis.asyncio import Redis

from jobs.cancel_listener import CancelListener
from jobs.cancelling import cancel_until_ended
from jobs.context import Site
from jobs.errors import StoreUnavailableError
from jobs.execute import Executor
from jobs.held import Holdings, Run
from jobs.ids import new_process_name
from jobs.intake import Intake
from jobs.lease_keeper import LeaseKeeper
from jobs.outage import Outage
from jobs.presence import Herald
from jobs.processes import Processes
from jobs.registry import TaskTable
from jobs.settings import JobsSettings
from jobs.stewardship import CONNECTIONS, Stewardship
from jobs.stewardship import Stores as StewardStores
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Leases, Renewals, Timing
from jobs.stores.presence import Presence
from jobs.stores.redis import connect_blocking, connect_redis
from jobs.stores.signals import Signals
from jobs.threads import Threads
from jobs.tick import Ticker
from jobs.worker import Worker

_REDIS_PATIENCE_S = 5.0
_LOOP_ENDS_S = 0.5
_CONNECT_PATIENCE_S = 10.0
_SETTLE_S = 2.0

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a worker process consists of."""

    workers: tuple[Worker, ...]
    ticker: Ticker
    herald: Herald
    listener: CancelListener
    steward: Stewardship | None
    keeper: LeaseKeeper
    outage: Outage
    fitness: Fitness


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The doors to PostgreSQL and Redis."""

    database: Database
    jobs: JobStore
    listening: Redis
    leases: Leases
    renewals: Renewals
    signals: Signals
    fitness: Fitness


async def serve_until_signal(
    settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], *, with_steward: bool
) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(settings, tasks, slots, with_steward=with_steward, stopping=stopping)


async def serve(
    settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int], *, with_steward: bool, stopping: asyncio.Event
) -> None:
    """Run jobs of these queues, so many at once of each, until `stopping` is set; then drain and return.

    `with_steward`: do a steward's work too, for a site that runs none.

    Raises UnfitRedisError, before the first claim, where Redis must not be used.
    """
    async with _stores(settings, tasks, slots) as stores:
        with Processes(settings.processes, memory_mb=settings.child_memory_mb) as processes, Threads() as threads:
            site = Site(settings=settings, database=stores.database)
            executor = Executor(tasks=tasks, jobs=stores.jobs, processes=processes, threads=threads, site=site)
            parts = _wired(settings, tasks, slots, stores, executor)
            if with_steward:
                parts = replace(parts, steward=_steward(settings, tasks, stores))
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
    if parts.steward is not None:
        await parts.steward.close()


async def _check(parts: Parts) -> None:
    """Look at Redis when it first answers; raises UnfitRedisError."""
    while True:
        try:
            return await parts.fitness.check()
        except StoreUnavailableError as error:
            await parts.outage.over(error)


def _begin(parts: Parts) -> list[asyncio.Task[None]]:
    beside = (parts.ticker, parts.herald, parts.listener, parts.steward)
    loops = [asyncio.create_task(part.run(), name=type(part).__name__) for part in beside if part is not None]
    return loops + [asyncio.create_task(worker.async_run(), name=worker.queue_name) for worker in parts.workers]


@asynccontextmanager
async def _stores(settings: JobsSettings, tasks: TaskTable, slots: Mapping[str, int]) -> AsyncIterator[Stores]:
    """Open the stores; close them in the end. Nothing connects before it is used."""
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * sum(slots.values()) + CONNECTIONS,
        patience_s=_CONNECT_PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    url = settings.redis_url.get_secret_value()
    timing = Timing(lease_ms=settings.lease_ms, renew_ms=settings.renew_ms, step_ms=settings.step_ms)
    redis = connect_redis(url, patience_s=_REDIS_PATIENCE_S)
    listening = connect_redis(url, patience_s=_REDIS_PATIENCE_S + settings.renew_ms / 1000)
    renewing = connect_blocking(url, patience_s=min(_REDIS_PATIENCE_S, settings.lease_ms / 3000))
    name = new_process_name()
    try:
        yield Stores(
            database=database,
            jobs=JobStore(database),
            listening=listening,
            leases=Leases(redis, listening, worker=name, timing=timing, tasks=list(tasks)),
            renewals=Renewals(renewing, worker=name, timing=timing),
            signals=Signals(listening),
            fitness=Fitness(redis),
        )
    finally:
        renewing.close()
        for client in (listening, redis):
            await client.aclose(close_connection_pool=True)
        await database.close()


def _steward(settings: JobsSettings, tasks: TaskTable, stores: Stores) -> Stewardship:
    return Stewardship.of(
        settings,
        tasks,
        StewardStores(
            database=stores.database,
            redis=stores.leases.redis,
            listening=stores.listening,
            name=stores.leases.worker,
            patience_s=_REDIS_PATIENCE_S,
        ),
    )


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
    return Parts(
        workers=tuple(
            Worker(slots=slots[queue], tasks=tasks, intake=intake, redis=stores.leases.redis)
            for queue, intake in intakes.items()
        ),
        herald=Herald(
            presence=Presence(stores.leases.redis), name=stores.leases.worker, intakes=intakes, tasks=list(tasks)
        ),
        ticker=Ticker(leases=stores.leases, queues=list(slots)),
        listener=CancelListener(signals=stores.signals, holdings=holdings, keeper=keeper, cancelled=cancel),
        steward=None,
        keeper=keeper,
        outage=outage,
        fitness=stores.fitness,
    )
