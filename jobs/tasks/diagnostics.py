"""The `diag.*` tasks: small jobs of known behaviour, for smoke and load tests. They do no real work."""

import asyncio
import os
import signal
import time
from collections.abc import Iterable
from functools import partial

from jobs.context import JobContext
from jobs.errors import SwitchyardError
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy

_QUICK = RetryPolicy(backoff=Backoff(base_s=0.1, cap_s=2.0))


class DiagnosticError(SwitchyardError):
    """Raised by `diag.fail`, as it was asked to."""


async def noop(_: JobContext) -> None:
    """Do nothing."""


async def sleep(_: JobContext, seconds: float) -> float:
    """Wait without blocking anybody; gives back the seconds."""
    await asyncio.sleep(seconds)
    return seconds


async def fail(context: JobContext, message: str = "asked to fail", times: int | None = None) -> int:
    """Raise in the first `times` tries, in all of them by default; gives back the try that succeeded."""
    if times is None or context.job.tries <= times:
        raise DiagnosticError(message)
    return context.job.tries


async def block(_: JobContext, seconds: float) -> None:
    """Block the worker's event loop, as a task must not."""
    time.sleep(seconds)  # noqa: ASYNC251  that is what it is for


async def crash(_: JobContext) -> None:
    """Kill the worker that runs it, as an out-of-memory kill would."""
    os.kill(os.getpid(), signal.SIGKILL)


async def progress(context: JobContext, steps: int = 10, seconds: float = 1.0) -> int:
    """Report `steps` steps of progress over `seconds` seconds."""
    for step in range(steps):
        context.progress(step, steps, f"step {step + 1} of {steps}")
        await asyncio.sleep(seconds / steps)
    context.progress(steps, steps, "done")
    return steps


def cpu(seconds: float) -> int:
    """Burn a core for so long, in a child process; gives back how many rounds it made."""
    until = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < until:
        rounds += 1
    return rounds


def diagnostic_tasks(queues: Iterable[str]) -> tuple[Task, ...]:
    """Declare the tasks for every queue of a site; the first is the one they go to unless told otherwise."""
    own, *others = queues
    task = partial(Task, queue=own, other_queues=tuple(others))
    return (
        task(name="diag.noop", function=noop, typical_s=0.01),
        task(name="diag.sleep", function=sleep, timeout_s=3600),
        task(name="diag.fail", function=fail, retry=_QUICK, typical_s=0.01),
        task(name="diag.block", function=block),
        task(name="diag.crash", function=crash, max_tries=3),
        task(name="diag.progress", function=progress, timeout_s=3600),
        task(name="diag.cpu", function=cpu),
    )
