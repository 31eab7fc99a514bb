"""A drop-in for arq's worker: its arguments, functions, hooks and signals, on our engine instead of its poll loop."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from signal import Signals
from typing import Any, Literal, Self, cast

import structlog
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Function, check_health, func
from arq.worker import Worker as ArqWorker
from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs import codec, keys
from jobs.cancelling import cancel_until_ended
from jobs.engine import Engine, Loop, Post, open_doors
from jobs.errors import StoreUnavailableError
from jobs.functions import FunctionExecutor
from jobs.intake import Intake
from jobs.logs import log_as
from jobs.loops import go_on
from jobs.redis_settings import address_of, address_of_pool
from jobs.registry import TaskTable
from jobs.service_manager import ServiceManager
from jobs.stores.leases import ANY_TASK, Leases, Timing
from jobs.stores.redis import connect_redis
from jobs.watchdog import Watchdog

__all__ = ["Worker", "check_health", "create_worker", "run_worker"]

# arq looks for cron jobs that come due within a second, and a worker beats twice in that time.
_BEAT_S = 0.5
_LOOK_S = 0.1
_PATIENCE_S = 5.0

_TIMING = Timing(lease_ms=15_000, renew_ms=5_000, step_ms=600_000)

log = structlog.stdlib.get_logger(__name__)


class Worker(ArqWorker):
    """Runs functions as `arq.worker.Worker` does, given the same arguments; deploy/arq.md lists the differences.

    `unknown_tasks`: "wait" leaves jobs of functions that are not known here to other workers, "fail" fails them, as
    arq does. `timing` is what all workers of a queue agree on. Raises TypeError for a setting that does not exist.
    """

    def __init__(
        self,
        functions: Sequence[Function | WorkerCoroutine] = (),
        *,
        unknown_tasks: Literal["wait", "fail"] = "wait",
        timing: Timing = _TIMING,
        intake: Intake | None = None,
        **settings: Any,  # noqa: ANN401  arq's, which checks them
    ) -> None:
        """Take `intake`, where an engine serves several queues; else the worker has an engine of its own."""
        settings.setdefault("job_serializer", codec.dumps)
        settings.setdefault("job_deserializer", codec.loads)
        super().__init__(functions, **settings)
        self.unknown_tasks = unknown_tasks
        self.hooks_failed = 0
        self._timing = timing
        self._intake = intake
        self._stopping = asyncio.Event()
        self._signal: Signals | None = None
        self._grace_s: float = 0

    @classmethod
    def of(cls, intake: Intake, tasks: TaskTable, redis: Redis) -> Self:
        """Make the worker that shows a site's queue to arq's tools."""
        return cls(
            [_named(name) for name in tasks],
            queue_name=keys.queue(intake.queue),
            redis_pool=ArqRedis(redis.connection_pool),
            max_jobs=intake.slots,
            handle_signals=False,
            intake=intake,
        )

    async def main(self) -> None:
        """Take jobs until told to stop, or, with `burst`, until there are none. An outage of Redis is waited for."""
        if self._intake is not None:
            await self._take(self._intake)
            return
        self._stopping.clear()
        self._signal = None
        address = address_of(self.redis_settings) if self.redis_settings else address_of_pool(self.pool)
        if self._pool is None:
            self._pool = self._client(connect_redis(address, patience_s=_PATIENCE_S))
        self.ctx["redis"] = self._pool
        queue, executor = keys.queue_name(self.queue_name), FunctionExecutor(self)
        known = ANY_TASK if self.unknown_tasks == "fail" else tuple(self.functions)
        async with open_doors(address, self._timing, known) as doors:
            log_as(worker=doors.name)
            posts = {queue: Post(slots=self.max_jobs, executor=executor)}
            watchdog = Watchdog(ServiceManager.of(os.environ))
            engine = Engine(doors, posts, tasks=list(self.functions), keeps_history=False, watchdog=watchdog)
            intake = engine.intakes[queue]
            loops: dict[str, Loop] = {"take": partial(self._begin, intake)}
            if self.burst:
                intake.quota = self.max_burst_jobs if self.max_burst_jobs >= 0 else None
                loops["burst"] = partial(self._until_done, intake, doors.leases)
            log.info("worker_started", queue=self.queue_name, functions=list(self.functions))
            await engine.run(loops, stopping=self._stopping, grace_s=lambda: self._grace_s)
            await executor.settle()
        log.info("worker_stopped", queue=self.queue_name)
        self._told()

    def _told(self) -> None:
        if self._signal is not None:
            if self.on_stop:
                self.on_stop(self._signal)
            raise asyncio.CancelledError  # arq's way to tell that it was stopped

    def handle_sig(self, signum: Signals) -> None:
        """Stop: cancel what runs, and hand it back."""
        self._stop(signum, grace_s=0)

    def handle_sig_wait_for_completion(self, signum: Signals) -> None:
        """Stop: take no more, let what runs go on for `job_completion_wait` seconds, then hand it back."""
        self._stop(signum, grace_s=self._job_completion_wait)

    async def close(self) -> None:
        """Stop if that has not been done, call `on_shutdown`, and close the connections."""
        if not self._handle_signals:
            self.handle_sig(Signals.SIGUSR1)
        if self.main_task is not None:
            self._stopping.set()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self.main_task])
        if self._pool is None:
            return
        with suppress(RedisError, OSError):
            await self.pool.delete(self.health_check_key)
        await self.call_hook(self.on_shutdown, self.ctx)
        await self.pool.aclose(close_connection_pool=True)
        self._pool = None

    @property
    def writes_json(self) -> bool:
        """Say whether results are written in our own codec."""
        return self.job_serializer is codec.dumps

    def encode(self, value: Mapping[str, Any]) -> bytes:
        """Encode a result."""
        return cast("Callable[[Any], bytes]", self.job_serializer)(value)

    def decode(self, encoded: bytes) -> Any:  # noqa: ANN401  a payload
        """Decode a payload."""
        return cast("Callable[[bytes], Any]", self.job_deserializer)(encoded)

    async def call_hook(self, hook: Callable[[dict[Any, Any]], Awaitable[object]] | None, ctx: dict[Any, Any]) -> None:
        """Call a hook; what it raises is logged and counted, and stops nothing."""
        if hook is None:
            return
        try:
            await hook(ctx)
        except asyncio.CancelledError:
            raise
        except BaseException:  # sys.exit() too
            self.hooks_failed += 1
            log.exception("hook_failed", hook=getattr(hook, "__qualname__", repr(hook)), job=ctx.get("job_id"))

    def _client(self, redis: Redis) -> ArqRedis:
        return ArqRedis(
            redis.connection_pool,
            job_serializer=self.job_serializer,
            job_deserializer=self.job_deserializer,
            default_queue_name=self.queue_name,
            expires_extra_ms=self.expires_extra_ms,
        )

    def _stop(self, signum: Signals, *, grace_s: float) -> None:
        self._signal, self._grace_s = signum, grace_s
        log.info("worker_stopping", signal=signum.name, grace_s=grace_s, running=len(self.tasks))
        self._stopping.set()

    async def _begin(self, intake: Intake) -> None:
        if self.on_startup:
            await self.on_startup(self.ctx)
        await self._take(intake)

    async def _take(self, intake: Intake) -> None:
        beating = asyncio.create_task(go_on("heart-beat", self._beat), name="heart-beat")
        try:
            await intake.run()
        finally:
            await cancel_until_ended([beating], again_s=_BEAT_S)

    async def _beat(self) -> None:
        """Keep up the key that `arq --check` looks for, and put cron jobs in line."""
        while True:
            planned = [cron_job.next_run for cron_job in self.cron_jobs]
            try:
                await self.heart_beat()
            except (RedisError, OSError) as error:
                log.debug("heart_beat_missed", queue=self.queue_name, reason=str(error))
                for cron_job, next_run in zip(self.cron_jobs, planned, strict=True):
                    cron_job.next_run = next_run  # it was not put in line, or will be known by its id
            await asyncio.sleep(_BEAT_S)

    async def _until_done(self, intake: Intake, leases: Leases) -> None:
        """Return when no job is left, or as many have been started as may."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                is_over = intake.is_spent if intake.quota == 0 else not await leases.is_anything_left(intake.queue)
            except StoreUnavailableError as error:
                log.debug("burst_goes_on", reason=str(error))
            else:
                if is_over:
                    return


def create_worker(settings: Mapping[str, Any] | type, **more: Any) -> Worker:  # noqa: ANN401  arq's settings
    """Make a worker from a settings class or a mapping, as arq does; raises TypeError for a setting that is none."""
    found = settings if isinstance(settings, Mapping) else vars(settings)
    return Worker(**{**{name: value for name, value in found.items() if not name.startswith("_")}, **more})


def run_worker(settings: Mapping[str, Any] | type, **more: Any) -> Worker:  # noqa: ANN401  the same
    """Make such a worker and run it until it is stopped."""
    worker = create_worker(settings, **more)
    worker.run()
    return worker


def _named(name: str) -> Function:
    """Show a task to arq by its name; it is the intake that calls it."""

    async def run(*_: Any, **__: Any) -> None:  # noqa: ANN401  arq calls it with anything, if it did
        raise NotImplementedError("the intake runs the tasks")

    return func(cast("WorkerCoroutine", run), name=name)
