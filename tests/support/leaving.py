"""Tasks that are left by neither a result nor an error; each says where it runs."""

import asyncio
import sys
from typing import NoReturn

from jobs.context import JobContext
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy

_AT_ONCE = RetryPolicy(backoff=Backoff(base_s=0.01, cap_s=0.01))

# What the error of the try says, by the way that was taken.
TOLD = {
    "exit": "UnexpectedExitError: SystemExit(3)",
    "interrupt": "UnexpectedExitError: KeyboardInterrupt()",
    "cancellation": "UnexpectedExitError: CancelledError()",
    "iteration": "RuntimeError: coroutine raised StopIteration",
}


def leave(way: str) -> NoReturn:
    """Leave by sys.exit(), as scripts do, by an interrupt, a cancellation, or an iterator that has nothing to give."""
    if way == "exit":
        sys.exit(3)
    if way == "interrupt":
        raise KeyboardInterrupt
    if way == "cancellation":
        raise asyncio.CancelledError
    next(iter(()))
    raise AssertionError


async def leave_the_loop(_: JobContext, way: str) -> None:
    """Do the same in the event loop; the cancellation is that of something else, which it awaits."""
    if way == "cancellation":
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        await other
    leave(way)


TASKS = (
    Task(name="leave.loop", function=leave_the_loop, queue="data_sync", max_tries=2, retry=_AT_ONCE),
    Task(name="leave.process", function=leave, queue="data_sync", max_tries=2, retry=_AT_ONCE),
    Task(name="leave.thread", function=leave, queue="data_sync", max_tries=2, retry=_AT_ONCE, runs_in="thread"),
)
