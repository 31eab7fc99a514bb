"""Tasks of the tests' own, for worker processes: JOBS_TASKS=tests.support.tasks:TASKS."""

import asyncio

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


TASKS = (Task(name="test.fail_late", function=fail_late, queue="data_sync", retry=_AT_ONCE),)
