"""The life of a web process: its connections and loops are opened at the start and closed at the end."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial

import structlog
from starlette.applications import Starlette

from app.compose import REDIS_PATIENCE_S, Doors, compose
from app.draining import on_stop_signal
from app.passwords import Passwords
from app.settings import Settings
from app.state import Deps
from jobs.cache.opened import open_cache
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.loops import go_on
from jobs.quotas import Quotas
from jobs.registry import TaskTable
from jobs.service_manager import ServiceManager
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.redis import connect_redis
from jobs.tasks.table import SCOPES
from jobs.timetable import NO_SCHEDULES, Timetable
from jobs.watchdog import Watchdog

_LOOK_AGAIN_S = 1.0
_FIRST_S = 1.0
_TAIL_PATIENCE_S = 5.0  # it waits for news, up to a second

log = structlog.stdlib.get_logger(__name__)

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[dict[str, Deps]]]


def lifespan_for(settings: Settings, tasks: TaskTable, timetable: Timetable = NO_SCHEDULES) -> Lifespan:
    """Give the lifespan of an application with these settings. No store has to be up for it to begin."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Deps]]:
        async with _doors(settings) as doors:
            deps = compose(settings, tasks, timetable, doors)
            if deps.origins.trusts_everybody:
                log.warning(
                    "everybody_is_a_trusted_proxy", mend="name the proxies' own networks in APP_TRUSTED_PROXIES"
                )
            await deps.live_limits.begin()
            watchdog = Watchdog(ServiceManager.of(os.environ))
            runs: dict[str, Callable[[], Awaitable[None]]] = {
                "end-waiter": deps.waiter.run,
                "live": deps.live.run,
                "limiter": deps.limiter.run,
                "live-limits": deps.live_limits.run,
                "recorder": deps.recorder.run,
                "old-keys": deps.once.run,
                "authenticator": deps.authenticator.run,
                "loop-lag": deps.loop_lag.run,
                "watchdog": watchdog.run,
                "fitness": partial(_tell_of, deps.fitness),
                "quotas": partial(_tell_redis, deps.quotas),
            }
            loops = [asyncio.create_task(go_on(name, run), name=name) for name, run in runs.items()]
            try:
                # Without what it tells Redis nobody is admitted while PostgreSQL is away.
                await asyncio.wait(loops[-1:], timeout=_FIRST_S)
                with ExitStack() as stack:
                    if threading.current_thread() is threading.main_thread():
                        stack.enter_context(on_stop_signal(watchdog.stopping))
                        stack.enter_context(on_stop_signal(deps.waiter.close))
                        stack.enter_context(on_stop_signal(deps.live.close))
                    watchdog.ready()
                    log.info("web_started", tasks=list(tasks), schedules=list(timetable))
                    yield {"deps": deps}
            finally:
                await cancel_until_ended(loops, again_s=0.2)
                await deps.recorder.finish()
                await deps.readiness.close()
        log.info("web_stopped")

    return lifespan


@asynccontextmanager
async def _doors(settings: Settings) -> AsyncIterator[Doors]:
    """Open the connections; nothing connects before it is used."""
    database = await Database.open(
        settings.jobs.database_url.get_secret_value(),
        size=settings.app.database_connections,
        patience_s=settings.app.patience_s,
        answer_s=settings.app.patience_s,
    )
    url = settings.jobs.redis_url.get_secret_value()
    redis, tailing = connect_redis(url, patience_s=REDIS_PATIENCE_S), connect_redis(url, patience_s=_TAIL_PATIENCE_S)
    limiting, passwords = connect_redis(url, patience_s=settings.rate_limits.patience_s, retries=0), Passwords()
    try:
        async with open_cache(url, database, SCOPES, patience_s=settings.jobs.cache_patience_s) as cache:
            yield Doors(
                database=database, redis=redis, tailing=tailing, limiting=limiting, cache=cache, passwords=passwords
            )
    finally:
        passwords.close()
        for client in (limiting, tailing, redis):
            await client.aclose(close_connection_pool=True)
        await database.close()


async def _tell_redis(quotas: Quotas) -> None:
    """Let Redis know, when both stores first answer, what owners may have by the settings of this process."""
    while True:
        try:
            return await quotas.copy()
        except StoreUnavailableError:
            await asyncio.sleep(_LOOK_AGAIN_S)


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
