"""The worker of one queue: arq's, with JSON, our executor behind every task, and no fear of outages."""

import asyncio
from typing import Any, cast

import structlog
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Function, Retry, func
from arq.worker import Worker as ArqWorker
from redis.exceptions import RedisError

from jobs import codec, keys
from jobs.cancelling import cancel_until_ended
from jobs.errors import JobFailedError
from jobs.execute import Executor
from jobs.outcome import Failed, Retrying, Succeeded, Superseded
from jobs.registry import LONGEST_TIMEOUT_S, TaskTable
from jobs.stores.claim import SHORTEST_S, Claim

# arq's own clock must never cut a try short: ours ends it at the job's own timeout.
_NEVER_S = 2 * LONGEST_TIMEOUT_S
_COUNTED_ELSEWHERE = 2**31
_OUTAGE_PAUSE_S = 0.5
_AFTER_FAULT_S = 30.0
_CLEAN_UP_S = 5.0

log = structlog.stdlib.get_logger(__name__)


class Worker(ArqWorker):
    """Takes the jobs of one queue and runs up to `slots` of them at once."""

    def __init__(self, *, queue: str, slots: int, tasks: TaskTable, executor: Executor, redis: ArqRedis) -> None:
        self._executor = executor
        super().__init__(
            functions=[self._adapted(name) for name in tasks],
            queue_name=keys.queue(queue),
            redis_pool=redis,
            max_jobs=slots,
            poll_delay=0.1,
            handle_signals=False,
            job_serializer=codec.dumps,
            job_deserializer=codec.loads,
            log_results=False,
        )
        self.in_progress_timeout_s = SHORTEST_S  # from there on the claim is kept up by the one who runs the job
        self._starting = asyncio.Lock()

    async def main(self) -> None:
        """Take jobs until cancelled; while Redis is away, wait for it."""
        while True:
            try:
                await super().main()
            except (RedisError, OSError) as error:
                log.warning("redis_awaited", queue=self.queue_name, reason=str(error))
                await asyncio.sleep(_OUTAGE_PAUSE_S)
                await self._count_slots()
            else:
                return

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start these, one after another, for as long as jobs may be taken."""
        for job_id in job_ids:
            async with self._starting:
                if not self.allow_pick_jobs:
                    return
                await super().start_jobs([job_id])

    async def drain(self, grace_s: float) -> None:
        """Take no more jobs, wait up to `grace_s` seconds for those that run, then hand the rest back."""
        self.allow_pick_jobs = False
        async with self._starting:  # a job that was just being taken is among those that run
            running = [task for task in self.tasks.values() if not task.done()]
        if running:
            log.info("worker_draining", queue=self.queue_name, running=len(running), grace_s=grace_s)
            await asyncio.wait(running, timeout=grace_s)
        await cancel_until_ended(running, again_s=_CLEAN_UP_S)
        if self.main_task is not None:
            await cancel_until_ended([self.main_task], again_s=_CLEAN_UP_S)

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """Write down an end that arq decides by itself: an unreadable payload, or a task that it does not know."""
        reason = codec.loads(result_data)["r"] if result_data else JobFailedError("its payload cannot be read")
        await self._executor.refuse(job_id, reason)
        await super().finish_failed_job(job_id, result_data)

    def _adapted(self, name: str) -> Function:
        """Give a task the form of an arq function."""

        async def run(ctx: dict[Any, Any], /, **_: object) -> object:
            return await self._execute(ctx["job_id"])

        return func(cast("WorkerCoroutine", run), name=name, timeout=_NEVER_S, max_tries=_COUNTED_ELSEWHERE)

    async def _execute(self, job_id: str) -> object:
        try:
            async with Claim(self.pool, job_id) as claim:
                outcome = await self._executor.execute(job_id, started=claim.cover)
        except Exception as error:
            # A fault of our own. arq would end the job, and PostgreSQL would never hear of it.
            log.exception("execution_broke", job_id=job_id)
            raise Retry(defer=_AFTER_FAULT_S) from error
        match outcome:
            case Succeeded(result=result):
                return result
            case Retrying(delay_s=delay_s):
                raise Retry(defer=delay_s)
            case Failed(failure=failure):
                raise JobFailedError(f"{failure.type}: {failure.message}")
            case Superseded():
                return None

    async def _count_slots(self) -> None:
        """Count the slots anew: arq takes one before it asks Redis, and loses it where Redis does not answer."""
        running = sum(not task.done() for task in self.tasks.values())
        self.job_counter = running
        self.sem = asyncio.BoundedSemaphore(self.max_jobs + 1)
        for _ in range(running):
            await self.sem.acquire()
