"""Tasks of the tests' own, for worker processes: JOBS_TASKS=tests.support.tasks:TASKS."""

import asyncio
from pathlib import Path

from jobs.context import JobContext
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy
from jobs.tasks.diagnostics import DiagnosticError

_AT_ONCE = RetryPolicy(backoff=Backoff(base_s=0.01, cap_s=0.01))


async def fail_late(context: JobContext, seconds: float) -> int:
    """Raise after so long in the first try; gives back the try that succeeded."""
    if context.job.tries == 1:
        await asyncio.sleep(seconds)
        raise DiagnosticError("too early")
    return context.job.tries


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


TASKS = (
    Task(name="test.fail_late", function=fail_late, queue="data_sync", retry=_AT_ONCE),
    Task(name="test.clean_up", function=clean_up, queue="data_sync", timeout_s=3600),
    Task(name="test.fall", function=fall, queue="data_sync", timeout_s=3600),
)
