"""The life of a web process: its parts are made at the start and closed at the end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager

import structlog
from starlette.applications import Starlette

from app.auth import Authenticator, MetricsToken
from app.draining import on_stop_signal
from app.settings import Settings
from app.state import Deps
from jobs.admit import Limits
from jobs.batches import Batches
from jobs.browse import JobBrowser
from jobs.cancel import Canceller
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.failures import Failures
from jobs.find import JobFinder
from jobs.idempotency import IdempotentSubmitter
from jobs.live import Live
from jobs.once import Once
from jobs.overview import Overview
from jobs.owners import Owners
from jobs.pause import Pauses
from jobs.planned import Planned
from jobs.registry import TaskTable
from jobs.stores.audit import AuditLog
from jobs.stores.database import Database
from jobs.stores.failures import FailureStore
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.keyring import Keyring
from jobs.stores.listing import Listing
from jobs.stores.pauses import PauseStore
from jobs.stores.places import Places
from jobs.stores.presence import Presence
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_redis
from jobs.stores.schedules import ScheduleStore
from jobs.stores.signals import Signals
from jobs.stores.statistics import Statistics
from jobs.stores.tail import Backlog, Tail
from jobs.submit import Submitter
from jobs.tasks.data_sync.service import DataSync
from jobs.tasks.data_sync.uploads import Uploads
from jobs.timetable import NO_SCHEDULES, Timetable
from jobs.wait import EndWaiter

_METRICS_PATIENCE_S = 2.0

# A request must not wait long for Redis: what Redis does not take now is put in line later.
_REDIS_PATIENCE_S = 1.0
_LOOK_AGAIN_S = 1.0
_TAIL_PATIENCE_S = 5.0  # it waits for news, up to a second

log = structlog.stdlib.get_logger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[dict[str, Deps]]]


def lifespan_for(settings: Settings, tasks: TaskTable, timetable: Timetable = NO_SCHEDULES) -> Lifespan:
    """Give the lifespan of an application with these settings. No store has to be up for it to begin."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Deps]]:
        database = await Database.open(
            settings.jobs.database_url.get_secret_value(),
            size=settings.app.database_connections,
            patience_s=settings.app.patience_s,
            answer_s=settings.app.patience_s,
        )
        redis = connect_redis(settings.jobs.redis_url.get_secret_value(), patience_s=_REDIS_PATIENCE_S)
        jobs = JobStore(database)
        queue = Queue(redis, patience_s=_REDIS_PATIENCE_S, step_ms=settings.jobs.step_ms)
        finder = JobFinder(jobs=jobs, queue=queue)
        submitter = Submitter(
            tasks=tasks,
            database=database,
            jobs=jobs,
            queue=queue,
            turn_s=settings.jobs.turn_ms / 1000,
            limits=Limits(
                max_waiting=settings.jobs.max_waiting,
                max_events=settings.jobs.stream_max,
                patience_s=settings.app.patience_s,
            ),
        )
        once = Once(jobs=jobs, keyring=Keyring(redis, patience_s=_REDIS_PATIENCE_S))
        statistics = Statistics(redis, queues=tasks.queues, patience_s=_METRICS_PATIENCE_S)
        waiter = EndWaiter(finder=finder, signals=Signals(redis))
        tailing = connect_redis(settings.jobs.redis_url.get_secret_value(), patience_s=_TAIL_PATIENCE_S)
        tail = Tail(tailing)
        live = Live(tail=tail, backlog=Backlog(redis), owners=Owners(jobs=jobs, tail=tail))
        fitness = Fitness(redis)
        loops = [
            asyncio.create_task(waiter.run(), name="end-waiter"),
            asyncio.create_task(live.run(), name="live"),
            asyncio.create_task(_tell_of(fitness), name="fitness"),
        ]
        try:
            with ExitStack() as stack:
                if threading.current_thread() is threading.main_thread():
                    stack.enter_context(on_stop_signal(waiter.close))
                    stack.enter_context(on_stop_signal(live.close))
                log.info("web_started", tasks=list(tasks), schedules=list(timetable))
                yield {
                    "deps": Deps(
                        tasks=tasks,
                        database=database,
                        queue=queue,
                        fitness=fitness,
                        submitter=submitter,
                        idempotent=IdempotentSubmitter(submitter=submitter, finder=finder, once=once),
                        batches=Batches(tasks=tasks, database=database, queue=queue, submitter=submitter, once=once),
                        finder=finder,
                        browser=JobBrowser(listing=Listing(database), finder=finder),
                        failures=Failures(store=FailureStore(database), submitter=submitter),
                        waiter=waiter,
                        live=live,
                        canceller=Canceller(database=database, jobs=jobs, queue=queue, waiter=waiter),
                        data_sync=DataSync(
                            database=database,
                            finder=finder,
                            submitter=submitter,
                            uploads=Uploads(settings.jobs.data_dir),
                        ),
                        authenticator=Authenticator(admin_api_key=settings.app.admin_api_key.get_secret_value()),
                        statistics=statistics,
                        overview=Overview(
                            places=Places(redis, patience_s=_REDIS_PATIENCE_S),
                            presence=Presence(redis),
                            statistics=statistics,
                            queues=tasks.queues,
                        ),
                        audit=AuditLog(database),
                        pauses=Pauses(PauseStore(database, redis)),
                        planned=Planned(timetable, store=ScheduleStore(database), submitter=submitter, finder=finder),
                        metrics_token=MetricsToken(settings.app.metrics_token),
                    )
                }
        finally:
            await cancel_until_ended(loops, again_s=0.2)
            for client in (tailing, redis):
                await client.aclose(close_connection_pool=True)
            await database.close()
            log.info("web_stopped")

    return lifespan


async def _tell_of(fitness: Fitness) -> None:
    """Write into the log, when Redis first answers, why it must not be used; /readyz says that it must not be."""
    while True:
        try:
            return await fitness.check()
        except StoreUnavailableError:
            await asyncio.sleep(_LOOK_AGAIN_S)
        except UnfitRedisError as error:
            log.error("redis_unfit", reason=str(error))  # noqa: TRY400  the reason is all there is to say
            return None
