"""The life of a web process: its parts are made at the start and closed at the end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial

import structlog
from starlette.applications import Starlette

from app.auth import Authenticator, MetricsToken
from app.draining import on_stop_signal
from app.settings import Settings
from app.state import Deps
from jobs.admit import Admitter, Limits
from jobs.batch_once import IdempotentBatches
from jobs.batch_submit import BatchSubmitter
from jobs.batches import Batches
from jobs.cancel import Canceller
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.find import JobFinder
from jobs.idempotency import IdempotentSubmitter
from jobs.once import Once
from jobs.overview import Overview
from jobs.pause import Pauses
from jobs.registry import TaskTable
from jobs.stores.batches import BatchStore
from jobs.stores.bulk import Bulk
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.keyring import Keyring
from jobs.stores.pauses import PauseStore
from jobs.stores.places import Places
from jobs.stores.presence import Presence
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_redis
from jobs.stores.signals import Signals
from jobs.stores.statistics import Statistics
from jobs.submit import Submitter
from jobs.tasks.data_sync.service import DataSync
from jobs.tasks.data_sync.uploads import Uploads
from jobs.wait import EndWaiter

_METRICS_PATIENCE_S = 2.0

# A request must not wait long for Redis: what Redis does not take now is put in line later.
_REDIS_PATIENCE_S = 1.0
_LOOK_AGAIN_S = 1.0

log = structlog.stdlib.get_logger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[dict[str, Deps]]]


def lifespan_for(settings: Settings, tasks: TaskTable) -> Lifespan:
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
        limits = Limits(
            max_waiting=settings.jobs.max_waiting,
            max_events=settings.jobs.stream_max,
            patience_s=settings.app.patience_s,
        )
        turn_s = settings.jobs.turn_ms / 1000
        submitter = Submitter(tasks=tasks, database=database, jobs=jobs, queue=queue, turn_s=turn_s, limits=limits)
        admitter = Admitter(jobs=jobs, queue=queue, limits=limits)
        batches = BatchStore(database)
        batch_submitter = BatchSubmitter(
            tasks=tasks,
            batches=batches,
            queue=queue,
            bulk=Bulk(queue, typical_s=partial(tasks.typical_s, otherwise=turn_s)),
            admitter=admitter,
        )
        once = Once(jobs=jobs, keyring=Keyring(redis, patience_s=_REDIS_PATIENCE_S))
        statistics = Statistics(redis, queues=tasks.queues, patience_s=_METRICS_PATIENCE_S)
        waiter = EndWaiter(finder=finder, signals=Signals(redis))
        fitness = Fitness(redis)
        loops = [
            asyncio.create_task(waiter.run(), name="end-waiter"),
            asyncio.create_task(_tell_of(fitness), name="fitness"),
        ]
        try:
            with ExitStack() as stack:
                if threading.current_thread() is threading.main_thread():
                    stack.enter_context(on_stop_signal(waiter.close))
                log.info("web_started", tasks=list(tasks))
                yield {
                    "deps": Deps(
                        tasks=tasks,
                        database=database,
                        queue=queue,
                        fitness=fitness,
                        submitter=submitter,
                        idempotent=IdempotentSubmitter(submitter=submitter, finder=finder, once=once),
                        batch_submitter=batch_submitter,
                        idempotent_batches=IdempotentBatches(submitter=batch_submitter, batches=batches, once=once),
                        batches=Batches(batches=batches, queue=queue, admitter=admitter, submitter=submitter),
                        finder=finder,
                        waiter=waiter,
                        canceller=Canceller(jobs=jobs, queue=queue, waiter=waiter),
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
                        pauses=Pauses(PauseStore(database, redis)),
                        metrics_token=MetricsToken(settings.app.metrics_token),
                    )
                }
        finally:
            await cancel_until_ended(loops, again_s=0.2)
            await redis.aclose(close_connection_pool=True)
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
