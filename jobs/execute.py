"""Runs one claimed job as a registry task: read its payload, call the task, judge how it ended. It writes nothing."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from jobs import codec
from jobs.context import JobContext, Site
from jobs.deadlines import Deadlines, Limit
from jobs.endings import Verdicts, ending_of
from jobs.errors import InvalidInputError, JobFailedError, JobTimeoutError, UnexpectedExitError
from jobs.held import Run
from jobs.logs import log_about
from jobs.model import Job, State
from jobs.origin import believed, come_from
from jobs.outcome import Ended, Failed, Outcome, Retrying, Succeeded, Unknown, failure_of
from jobs.payload import Payload, read_payload
from jobs.processes import Processes
from jobs.progress import ProgressReporter
from jobs.registry import Task, TaskTable
from jobs.stores import rows
from jobs.stores.leases import Claimed, Ending
from jobs.threads import Threads

UNREADABLE = "<unknown>"  # arq's word for the function of a payload that cannot be read

log = structlog.stdlib.get_logger(__name__)


class TaskExecutor(Verdicts):
    """Runs the tasks of a table. One serves all queues of a worker process."""

    hands_back = True

    def __init__(
        self,
        *,
        tasks: TaskTable,
        reporter: Callable[[Job], ProgressReporter],
        processes: Processes,
        threads: Threads,
        site: Site,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Take what makes the reporters of jobs' progress; `uniform` draws the jitter of the back-off."""
        self._tasks = tasks
        self._reporter = reporter
        self._processes = processes
        self._threads = threads
        self._site = site
        self._uniform = uniform
        self._deadlines = Deadlines()
        self._log = log.bind()  # made once, so that what is not logged costs little

    def prepare(self, claimed: Claimed) -> None:
        """Give a stock client's job the limits that its task declares, and its row, unless the task is unknown here."""
        try:
            payload = read_payload(claimed.payload)
        except ValueError:  # the run will say so
            claimed.row = _row_of(claimed, UNREADABLE, {}, origin=None)
            return
        claimed.tries += payload.tries_before
        if task := self._tasks.get(payload.function):
            claimed.max_tries, claimed.timeout_ms = task.max_tries, task.timeout_s * 1000
            claimed.row = _row_of(claimed, task.name, _arguments_in(payload, task), origin=believed(payload.origin))

    async def execute(self, run: Run) -> Outcome:
        """Run a try of a job to its end. Nothing but a cancellation is raised: whatever else happens is an outcome."""
        claimed = run.claimed
        if claimed.is_exhausted:
            return self.exhausted(claimed)
        try:
            payload = read_payload(claimed.payload)
        except ValueError as error:
            return Failed(failure=failure_of(claimed.task, JobFailedError(str(error))))
        run.read(payload.function, payload.origin)
        log_about(run)
        come_from(payload.origin)
        task = self._tasks.get(payload.function)
        if task is None:  # only of a stock client's job: ours name their task to the claim
            return Unknown(task=payload.function)
        self._log.info("job_started")
        try:
            args = task.arguments.named(payload.args, payload.kwargs)
        except InvalidInputError as error:
            return Failed(failure=failure_of(task.name, error))
        return await self._run(run, task, job_of(claimed, task.name, args))

    def ending(self, run: Run, outcome: Ended, *, ms: int) -> Ending:
        """Write an end down. What a stock client has asked for is shown to it again."""
        return ending_of(run.claimed, outcome, ms=ms)

    async def _run(self, run: Run, task: Task, job: Job) -> Outcome:
        progress = self._reporter(job)
        try:
            return await self._outcome(run, task, job, progress)
        finally:
            # Cut short, this takes no outcome away: what has ended is not run again.
            with suppress(asyncio.CancelledError):
                await progress.close()

    async def _outcome(self, run: Run, task: Task, job: Job, progress: ProgressReporter) -> Outcome:
        try:
            value = codec.dumps_result(await self._call(run, task, job, progress))
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            return self._judge(task, job, UnexpectedExitError.of(error))  # of something that the task has awaited
        except Exception as error:  # noqa: BLE001  whatever a task raises is judged, not passed on
            return self._judge(task, job, error)
        except BaseException as error:  # noqa: BLE001  the same; sys.exit() would end the worker
            return self._judge(task, job, UnexpectedExitError.of(error))
        return Succeeded(value=value)

    async def _call(self, run: Run, task: Task, job: Job, progress: ProgressReporter) -> Any:  # noqa: ANN401  a task's result
        arguments = task.arguments.bind(job.args)
        if task.runs_in == "process":
            run.wait()
            return await self._processes.run(task.function, arguments, timeout_s=job.timeout_s, began=run.begin)
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
        delay_s = task.retry.delay_s(error, tries=job.tries, max_tries=job.max_tries, uniform=self._uniform)
        return Failed(failure=failure) if delay_s is None else Retrying(failure=failure, delay_s=delay_s)


def _row_of(claimed: Claimed, task: str, args: Mapping[str, Any], *, origin: str | None) -> bytes:
    """Give the row of a stock client's job; nothing where none can hold it."""
    try:
        expires_at = _moment(claimed.expires_ms) if claimed.expires_ms else None
    except (ValueError, OverflowError):  # beyond our calendar
        return b""
    return rows.pack_strange(replace(job_of(claimed, task, args), expires_at=expires_at, origin=origin))


def _arguments_in(payload: Payload, task: Task) -> Mapping[str, Any]:
    """Give the arguments by the names that the task has for them; where they do not fit, those by place by number."""
    try:
        return task.arguments.named(payload.args, payload.kwargs)
    except InvalidInputError:
        return {**{str(place): value for place, value in enumerate(payload.args)}, **payload.kwargs}


def _is_cancelled() -> bool:
    """Say whether somebody wants the run that asks to stop: a worker, ours or a stock one."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


def job_of(claimed: Claimed, task: str, args: Mapping[str, Any]) -> Job:
    """Make the job's record, without its tags and its batch: those stay in PostgreSQL."""
    return Job(
        id=claimed.id,
        task=task,
        queue=claimed.queue,
        owner=claimed.owner,
        state=State.RUNNING,
        priority=claimed.priority,
        args=args,
        tags=(),
        run=claimed.run,
        fence=claimed.fence,
        tries=claimed.tries,
        max_tries=claimed.max_tries,
        timeout_s=claimed.timeout_ms / 1000,
        accepted_at=_moment(claimed.at_ms),
        run_at=_moment(claimed.due_ms) if claimed.due_ms else None,
        started_at=_moment(claimed.started_ms),
    )


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
