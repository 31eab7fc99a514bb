"""Settings for stock arq workers, a class a queue: `arq jobs.stock.DataSync` runs what is in the queue data_sync.

The way back to arq; deploy/arq.md has the steps and what is different then. A class is made when it is asked for: that
reads the environment and JOBS_TASKS, and connects to nothing.
"""

import asyncio
import math
import os
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, cast

import structlog
from arq.connections import ArqRedis, RedisSettings
from arq.typing import WorkerCoroutine
from arq.worker import Function, Retry, func

from jobs import codec, keys
from jobs.addresses import RedisAddress, Tls, redis_address
from jobs.cache.opened import open_cache
from jobs.context import Site
from jobs.errors import JobFailedError, StoreUnavailableError, TaskTableError
from jobs.execute import TaskExecutor
from jobs.held import Run
from jobs.logs import configure_logs
from jobs.model import State
from jobs.outcome import Failed, Retrying, Succeeded
from jobs.processes import Processes
from jobs.progress import ProgressReporter
from jobs.registry import Task, TaskTable
from jobs.settings import JobsSettings, load_settings
from jobs.stores.database import Database
from jobs.stores.fitness import Fitness
from jobs.stores.jobs import JobStore
from jobs.stores.lent import Lent
from jobs.stores.progress import ProgressStream
from jobs.stores.redis import connect_redis
from jobs.tasks.table import QUEUES, task_table
from jobs.threads import Threads

_KEEP_RESULT_S = 86_400  # a day for a Switchyard worker to come and write it down
_MARGIN_S = 10  # arq's own time limit, for what does not stop at ours
_ANY_TRIES = 2**31  # each job has its own limit, which the hand looks at
_HEALTH_S = 10
_POLL_S = 0.1  # with arq's own half second a single slot would run two jobs a second at most
_PATIENCE_S = 5.0
_OUTAGE_TRIES = 600  # half a second each: five minutes
_CONNECTIONS_BESIDE_JOBS = 4
_HAND, _OPEN = "switchyard.hand", "switchyard.open"

# What ends a job before it starts, as the error in arq's result: jobs.stores.queue reads it.
_STOPPED = {
    State.CANCELLED: ("CancelledError", "cancelled"),
    State.EXPIRED: ("JobExpiredError", "it had not started when it expired"),
}

log = structlog.stdlib.get_logger(__name__)


class Hand:
    """Runs our tasks for a stock worker: the executor does, and what it says is put as arq wants to hear it."""

    def __init__(self, lent: Lent, executor: TaskExecutor) -> None:
        self._lent = lent
        self._executor = executor

    async def run(self, task: Task, job_id: str, *, tries: int) -> Any:  # noqa: ANN401  the task's result
        """Run a try of a job; raises arq's Retry where another is to follow, JobFailedError where none is."""
        try:
            state, claimed = await self._lent.begin(job_id, task, tries=tries)
        except StoreUnavailableError as error:
            raise Retry(defer=_HEALTH_S) from error
        if state is not State.RUNNING:
            raise _error_named(*_STOPPED[state])
        if tries > claimed.max_tries:
            raise JobFailedError(f"max {claimed.max_tries} retries exceeded")
        outcome = await self._executor.execute(Run(claimed, asyncio.get_running_loop().time()))
        log.info("job_tried", outcome=type(outcome).__name__.lower())
        match outcome:
            case Succeeded(value=value):
                return codec.loads_plain(value)
            case Retrying(delay_s=delay_s):
                raise Retry(defer=delay_s)
            case Failed(failure=failure):
                raise _error_named(failure.type, failure.message)
            case _:
                raise JobFailedError(f"its end cannot be told to arq: {outcome}")


class SafeRedisSettings(RedisSettings):
    """arq's, for `arq --check`; they show no password."""

    def __repr__(self) -> str:
        """Say where it is."""
        return f"{type(self).__name__}(host={self.host!r}, unix_socket_path={self.unix_socket_path!r})"


def classes(queues: Iterable[str]) -> Mapping[str, str]:
    """Give the queues by the names of their classes, DataSync for data_sync; TaskTableError where two share one."""
    found: dict[str, str] = {}
    for queue in queues:
        name = "".join(part.capitalize() for part in re.split("[_-]", queue))
        if found.setdefault(name, queue) != queue:
            raise TaskTableError(f"the queues {found[name]} and {queue} would share the class jobs.stock.{name}")
    return found


def __getattr__(name: str) -> type:
    """Make the class of this name. Raises SettingsError and TaskTableError for what a worker could not start with."""
    if name.startswith("_"):
        raise AttributeError(name)
    settings = load_settings(os.environ)
    tasks = task_table(settings)
    queues = classes(dict.fromkeys((*QUEUES, *tasks.queues)))
    if name not in queues:
        raise AttributeError(f"there is no queue for {name}; the classes are {', '.join(queues)}")
    return settings_class(name, queues[name], settings, tasks)


def settings_class(name: str, queue: str, settings: JobsSettings, tasks: TaskTable) -> type:
    """Make the settings of a stock worker for one queue: arq reads the class' own attributes."""
    url = settings.redis_url.get_secret_value()
    # What arq would make of `redis_settings` ends at an outage, and knows less of TLS and Sentinel.
    redis = connect_redis(url, patience_s=_PATIENCE_S, retries=_OUTAGE_TRIES, resends=True)
    attributes = {
        "__doc__": f"What a stock arq worker needs to run the jobs of the queue {queue}.",
        "functions": [function_of(task) for task in tasks.values()],
        "queue_name": keys.queue(queue),
        "redis_settings": redis_settings(redis_address(url)),
        "redis_pool": ArqRedis(
            redis.connection_pool,
            job_serializer=codec.dumps,
            job_deserializer=codec.loads,
            default_queue_name=keys.queue(queue),
        ),
        "job_serializer": staticmethod(codec.dumps),
        "job_deserializer": staticmethod(codec.loads),
        "on_startup": staticmethod(partial(_open, settings=settings, tasks=tasks, queue=queue)),
        "on_shutdown": staticmethod(_close),
        "max_jobs": settings.stock_slots,
        "job_completion_wait": math.ceil(settings.drain_s),
        "keep_result": _KEEP_RESULT_S,
        "allow_abort_jobs": True,
        "poll_delay": _POLL_S,
        "health_check_interval": _HEALTH_S,
        "log_results": False,
    }
    return type(name, (), attributes)


def function_of(task: Task) -> Function:
    """Make the arq function that runs a task. What it is called with is read once more, as the codec wrote it."""

    async def run(ctx: dict[str, Any], *_: Any, **__: Any) -> Any:  # noqa: ANN401  arq's
        return await ctx[_HAND].run(task, ctx["job_id"], tries=ctx["job_try"])

    coroutine = cast("WorkerCoroutine", run)
    return func(coroutine, name=task.name, timeout=task.timeout_s + _MARGIN_S, max_tries=_ANY_TRIES)


def redis_settings(address: RedisAddress) -> RedisSettings:
    """Put an address as arq has it. It cannot be told of passwords, or files for TLS, of sentinels."""
    host, port = address.hosts[0] if address.hosts else ("localhost", 0)
    tls = address.tls or Tls()
    return SafeRedisSettings(
        host=list(address.hosts) if address.service else host,
        port=port,
        unix_socket_path=address.path,
        database=address.db,
        username=address.username,
        password=address.password,
        ssl=address.tls is not None,
        ssl_keyfile=tls.keyfile,
        ssl_certfile=tls.certfile,
        ssl_cert_reqs=tls.cert_reqs,
        ssl_ca_certs=tls.ca_certs,
        ssl_check_hostname=tls.check_hostname,
        sentinel=address.service is not None,
        sentinel_master=address.service or "mymaster",
        conn_retries=0,
    )


async def _open(ctx: dict[str, Any], *, settings: JobsSettings, tasks: TaskTable, queue: str) -> None:
    """Open what tasks need; raises UnfitRedisError where Redis must not be used."""
    configure_logs(form=settings.log_format, level=settings.log_level)
    redis: ArqRedis = ctx["redis"]
    await Fitness(redis).check()
    opened = ctx[_OPEN] = AsyncExitStack()
    database = await Database.open(
        settings.database_url.get_secret_value(),
        size=2 * settings.stock_slots + _CONNECTIONS_BESIDE_JOBS,
        patience_s=2 * _PATIENCE_S,
        answer_s=None,  # a load may take minutes
    )
    opened.push_async_callback(database.close)
    cache = await opened.enter_async_context(
        open_cache(settings.redis_url.get_secret_value(), database, patience_s=settings.cache_patience_s)
    )
    executor = TaskExecutor(
        tasks=tasks,
        reporter=partial(ProgressReporter, jobs=JobStore(database), stream=ProgressStream(redis)),
        processes=opened.enter_context(Processes(settings.processes, memory_mb=settings.child_memory_mb)),
        threads=opened.enter_context(Threads()),
        site=Site(settings=settings, database=database, cache=cache),
    )
    name = f"{socket.gethostname()[:40]}-{os.getpid()}-arq"
    ctx[_HAND] = Hand(Lent(redis, worker=name, queue=queue), executor)
    log.info("stock_worker_started", queue=queue, slots=settings.stock_slots, tasks=list(tasks))


async def _close(ctx: dict[str, Any]) -> None:
    if (opened := ctx.pop(_OPEN, None)) is not None:
        await opened.aclose()


def _error_named(name: str, message: str) -> JobFailedError:
    """Make an error of which arq's result tells this name, as our own results do."""
    return cast("JobFailedError", type(name, (JobFailedError,), {})(message))
