"""Runs one claimed job: read its payload, call the task, judge how it ended. It writes nothing and knows no store."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from jobs import codec
from jobs.context import JobContext, Site
from jobs.deadlines import Deadlines, Limit
from jobs.errors import JobFailedError, JobTimeoutError
from jobs.logs import name_run
from jobs.model import Job, State
from jobs.outcome import Failed, Outcome, Retrying, Succeeded, Unknown, failure_of
from jobs.processes import Processes
from jobs.progress import ProgressReporter
from jobs.registry import Task, TaskTable
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Claimed
from jobs.threads import Threads

log = structlog.stdlib.get_logger(__name__)


class Executor:
    """Runs jobs. One serves all queues of a worker process."""

    def __init__(
        self,
        *,
        tasks: TaskTable,
        jobs: JobStore,
        processes: Processes,
        threads: Threads,
        site: Site,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`uniform` draws the jitter of the back-off."""
        self._tasks = tasks
        self._jobs = jobs
        self._processes = processes
        self._threads = threads
        self._site = site
        self._uniform = uniform
        self._deadlines = Deadlines()
        self._log = log.bind()  # made once, so that what is not logged costs little

    async def execute(self, claimed: Claimed) -> Outcome:
        """Run a try of a job to its end. Nothing but a cancellation is raised: whatever else happens is an outcome."""
        name_run(job_id=claimed.id, task=claimed.task, tries=claimed.tries)
        if claimed.is_exhausted:
            return self.give_up(claimed)
        try:
            job = job_of(claimed)
        except (ValueError, KeyError, TypeError) as error:
            return Failed(failure=failure_of(claimed.task, JobFailedError(f"its payload cannot be read: {error}")))
        task = self._tasks.get(job.task)
        if task is None:  # only of a stock client's job: ours name their task to the claim
            return Unknown(task=job.task)
        self._log.info("job_started", owner=job.owner)
        return await self._run(task, job)

    @staticmethod
    def give_up(claimed: Claimed) -> Failed:
        """End a job that may be killing its workers."""
        lost = JobFailedError(f"its worker was lost {claimed.lost} times; max_tries is {claimed.max_tries}")
        return Failed(failure=failure_of(claimed.task, lost))

    @staticmethod
    def abandon(claimed: Claimed) -> Failed:
        """End a job that does not stop at its timeout."""
        error = JobTimeoutError(f"did not stop when it was told to after {claimed.timeout_ms / 1000:g} s")
        return Failed(failure=failure_of(claimed.task, error))

    @staticmethod
    def broken(claimed: Claimed, error: Exception) -> Failed:
        """End a job that met a fault of ours."""
        return Failed(failure=failure_of(claimed.task, error))

    async def _run(self, task: Task, job: Job) -> Outcome:
        progress = ProgressReporter(jobs=self._jobs, job=job)
        try:
            value = codec.dumps_text(await self._call(task, job, progress)).encode()
        except Exception as error:  # noqa: BLE001  whatever a task raises is judged, not passed on
            return self._judge(task, job, error)
        finally:
            await progress.close()
        return Succeeded(value=value)

    async def _call(self, task: Task, job: Job, progress: ProgressReporter) -> Any:  # noqa: ANN401  a task's result
        arguments = task.arguments.bind(job.args)
        if task.runs_in == "process":
            return await self._processes.run(task.function, arguments, timeout_s=job.timeout_s)
        if task.runs_in == "thread":
            return await self._threads.run(task.function, arguments, timeout_s=job.timeout_s)
        context = JobContext(job=job, site=self._site, report=progress.report)
        try:
            with Limit(self._deadlines, job.timeout_s) as limit:
                return await task.function(context, **arguments)
        except TimeoutError:
            if limit.expired:
                raise JobTimeoutError(f"stopped after {job.timeout_s:g} s") from None
            raise

    def _judge(self, task: Task, job: Job, error: Exception) -> Outcome:
        failure = failure_of(task.name, error)
        log.info("try_failed", error=failure.type, message=failure.message, exc_info=error)
        if task.retry.allows(error, tries=job.tries, max_tries=job.max_tries):
            return Retrying(failure=failure, delay_s=task.retry.backoff.delay_s(job.tries, self._uniform))
        return Failed(failure=failure)


def job_of(claimed: Claimed) -> Job:
    """Make the job's record, without its tags: those stay in PostgreSQL.

    Raises ValueError, KeyError or TypeError for a payload that is none.
    """
    payload: Mapping[str, Any] = codec.loads_plain(claimed.payload)
    if payload["a"]:
        raise ValueError("it has positional arguments; give them by name")
    return Job(
        id=claimed.id,
        task=claimed.task or payload["f"],
        queue=claimed.queue,
        owner=claimed.owner,
        state=State.RUNNING,
        priority=claimed.priority,
        args=payload["k"],
        tags=(),
        run=claimed.run,
        fence=claimed.fence,
        tries=claimed.tries,
        max_tries=claimed.max_tries,
        timeout_s=claimed.timeout_ms / 1000,
        accepted_at=datetime.fromtimestamp(claimed.at_ms / 1000, UTC),
        run_at=datetime.fromtimestamp(claimed.due_ms / 1000, UTC) if claimed.due_ms else None,
        started_at=datetime.fromtimestamp(claimed.started_ms / 1000, UTC),
    )
