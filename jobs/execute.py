"""Runs one job: start, call the task, judge how it ended, write the end. arq is not known here."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from jobs import codec
from jobs.context import JobContext, Site
from jobs.errors import JobFailedError, JobTimeoutError, StoreUnavailableError
from jobs.model import Failure, Job, State
from jobs.outcome import Failed, Outcome, Retrying, Succeeded, Superseded, failure_of
from jobs.processes import Processes
from jobs.progress import ProgressReporter
from jobs.registry import Task, TaskTable
from jobs.retry import Backoff
from jobs.stores.jobs import JobStore
from jobs.stores.signals import Signals

_HAND_BACK_S = 2.0
_STORE_BACKOFF = Backoff(base_s=0.1, cap_s=5.0, floor=0.5)

log = structlog.stdlib.get_logger(__name__)

Answer = TypeVar("Answer")


class Executor:
    """Runs jobs by id. One serves all queues of a worker process."""

    def __init__(
        self,
        *,
        tasks: TaskTable,
        jobs: JobStore,
        signals: Signals,
        processes: Processes,
        site: Site,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`uniform` draws the jitter of the back-off."""
        self._tasks = tasks
        self._jobs = jobs
        self._signals = signals
        self._processes = processes
        self._site = site
        self._uniform = uniform

    async def execute(self, job_id: str, *, started: Callable[[Job], Awaitable[None]]) -> Outcome:
        """Run the next try of a job and store how it ended before telling.

        While PostgreSQL is away this waits for it, before the run and after: a result is not thrown away.
        A cancellation (the worker stops) hands the job back, its try not counted, and goes on.
        """
        job = await self._patiently(lambda: self._jobs.start(job_id))
        if job is None:
            return Superseded()
        with structlog.contextvars.bound_contextvars(job_id=job.id, task=job.task, tries=job.tries):
            try:
                await started(job)
                log.info("job_started", owner=job.owner)
                outcome = await self._run(job)
                return await self._patiently(lambda: self._store(job, outcome))
            except asyncio.CancelledError:
                await self._hand_back(job)
                raise

    async def refuse(self, job_id: str, reason: BaseException) -> None:
        """End a job that could not be started at all."""
        if await self._patiently(lambda: self._jobs.refuse(job_id, failure_of("", reason))):
            log.warning("job_refused", job_id=job_id, reason=str(reason))
            await self._tell(job_id)

    async def _run(self, job: Job) -> Outcome:
        task = self._tasks.get(job.task)
        if task is None:
            return Failed(failure=failure_of(job.task, JobFailedError(f"this worker knows no task {job.task!r}")))
        if job.tries > job.max_tries:
            lost = JobFailedError(f"its worker was lost at each of {job.max_tries} tries")
            return Failed(failure=failure_of(job.task, lost))
        progress = ProgressReporter(jobs=self._jobs, job=job)
        try:
            result = await self._call(task, job, progress)
            codec.dumps(result)
        except Exception as error:  # noqa: BLE001  whatever a task raises is judged, not passed on
            return self._judge(task, job, error)
        finally:
            await progress.close()
        return Succeeded(result=result)

    async def _call(self, task: Task, job: Job, progress: ProgressReporter) -> Any:  # noqa: ANN401  a task's result
        arguments = task.arguments.bind(job.args)
        if not task.is_async:
            return await self._processes.run(task.function, arguments, timeout_s=job.timeout_s)
        context = JobContext(job=job, site=self._site, report=progress.report)
        try:
            async with asyncio.timeout(job.timeout_s) as limit:
                return await task.function(context, **arguments)
        except TimeoutError:
            if limit.expired():
                raise JobTimeoutError(f"stopped after {job.timeout_s:g} s") from None
            raise

    def _judge(self, task: Task, job: Job, error: Exception) -> Outcome:
        failure = failure_of(task.name, error)
        log.info("try_failed", error=failure.type, message=failure.message, exc_info=error)
        if task.retry.allows(error, tries=job.tries, max_tries=job.max_tries):
            return Retrying(failure=failure, delay_s=task.retry.backoff.delay_s(job.tries, self._uniform))
        return Failed(failure=failure)

    async def _store(self, job: Job, outcome: Outcome) -> Outcome:
        match outcome:
            case Retrying(failure=failure, delay_s=delay_s):
                await self._jobs.retry_later(job, failure)
                log.info("job_retrying", delay_s=round(delay_s, 3))
                return outcome
            case Succeeded(result=result):
                return await self._end(job, State.SUCCEEDED, outcome, result=result)
            case Failed(failure=failure):
                return await self._end(job, State.FAILED, outcome, error=failure)
            case Superseded():
                return outcome

    async def _end(
        self, job: Job, state: State, outcome: Outcome, *, result: object = None, error: Failure | None = None
    ) -> Outcome:
        if not await self._jobs.finish(job, state, result=result, error=error):
            log.warning("job_superseded", fence=job.fence)
            return Superseded()
        log.info("job_ended", state=state)
        await self._tell(job.id)
        return outcome

    async def _tell(self, job_id: str) -> None:
        # Those who wait look by themselves after a second.
        with suppress(StoreUnavailableError):
            await self._signals.send_ended(job_id)

    async def _hand_back(self, job: Job) -> None:
        try:
            async with asyncio.timeout(_HAND_BACK_S):
                await self._jobs.hand_back(job)
            log.info("job_handed_back")
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("job_not_handed_back", reason=str(error))

    async def _patiently(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat a step until the store answers."""
        attempt = 0
        while True:
            try:
                return await step()
            except StoreUnavailableError as error:
                attempt += 1
                log.warning("store_awaited", reason=str(error))
                await asyncio.sleep(_STORE_BACKOFF.delay_s(attempt, self._uniform))
