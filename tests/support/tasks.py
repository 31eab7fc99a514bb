"""Tasks of the tests' own, for worker processes: JOBS_TASKS=tests.support.tasks:TASKS."""

import asyncio
import threading
from pathlib import Path

from jobs.context import JobContext
from jobs.errors import JobFailedError
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.diagnostics import DiagnosticError

_AT_ONCE = RetryPolicy(backoff=Backoff(base_s=0.01, cap_s=0.01))
_LOOK_S = 0.05


async def fail_late(context: JobContext, seconds: float) -> int:
    """Raise after so long in the first try; gives back the try that succeeded."""
    if context.job.tries == 1:
        await asyncio.sleep(seconds)
        raise DiagnosticError("too early")
    return context.job.tries


async def await_file(_: JobContext, path: str) -> None:
    """End when this file is there."""
    while not Path(path).exists():  # noqa: ASYNC110, ASYNC240  nothing else tells
        await asyncio.sleep(_LOOK_S)


async def clean_up(_: JobContext, seconds: float, clean_up_s: float, mark: str = "") -> None:
    """Sleep; when cancelled, take so long to clean up, and leave a file then."""
    try:
        await asyncio.sleep(seconds)
    finally:
        await asyncio.sleep(clean_up_s)
        if mark:
            Path(mark).touch()  # noqa: ASYNC240  it takes no time


async def fall(_: JobContext, seconds: float) -> None:
    """Sleep; when cancelled, raise something else."""
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        raise DiagnosticError("fell over its own clean-up") from None


async def who(context: JobContext) -> list[object]:
    """Give what the context says of the job."""
    job = context.job
    return [job.owner, job.priority, job.tries, job.max_tries, job.run, job.fence]


async def give_up(_: JobContext) -> None:
    """Fail for a reason that another try does not mend."""
    raise JobFailedError("there is no such shop")


async def linger(_: JobContext) -> None:
    """Take longer than the task may."""
    await asyncio.sleep(60)


def thread_name() -> str:
    """Give the name of the thread that it runs in."""
    return threading.current_thread().name


def stumble() -> None:
    """Raise in a child process."""
    raise DiagnosticError("over its own feet")


async def nest(_: JobContext, levels: int) -> object:
    """Give lists in lists, so many."""
    nested: list[object] = []
    for _level in range(levels - 1):
        nested = [nested]
    return nested


TASKS = (
    Task(name="test.fail_late", function=fail_late, queue="data_sync", retry=_AT_ONCE),
    Task(name="test.await_file", function=await_file, queue="data_sync"),
    Task(name="test.clean_up", function=clean_up, queue="data_sync", timeout_s=3600),
    Task(name="test.fall", function=fall, queue="data_sync", timeout_s=3600),
    Task(name="test.who", function=who, queue="data_sync"),
    Task(name="test.nest", function=nest, queue="data_sync", max_tries=1),
    Task(name="test.give_up", function=give_up, queue="data_sync"),
    Task(name="test.linger", function=linger, queue="data_sync", timeout_s=0.3),
    Task(name="test.stumble", function=stumble, queue="data_sync", max_tries=1),
    Task(name="test.thread_name", function=thread_name, queue="data_sync", runs_in="thread"),
)
