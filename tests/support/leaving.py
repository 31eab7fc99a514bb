"""Tasks that are left by neither a result nor an error; each says where it runs."""

import asyncio
import sys
from typing import NoReturn

from arq.worker import Retry

from jobs.context import JobContext
from jobs.registry import Task
from jobs.retry import Backoff, RetryPolicy

_AT_ONCE = RetryPolicy(backoff=Backoff(base_s=0.01, cap_s=0.01))


class OddError(BaseException):
    """None that is caught by who catches errors, as some libraries have."""


# What the error of the try says, by the way that was taken.
TOLD = {
    "exit": "UnexpectedExitError: SystemExit(3)",
    "interrupt": "UnexpectedExitError: KeyboardInterrupt()",
    "cancellation": "UnexpectedExitError: CancelledError()",
    "odd": "UnexpectedExitError: OddError()",
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
    if way == "odd":
        raise OddError
    next(iter(()))
    raise AssertionError


async def leave_the_loop(_: JobContext, way: str) -> None:
    """Do the same in the event loop; the cancellation is that of something else, which it awaits."""
    if way == "cancellation":
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        await other
    leave(way)


async def leave_a_child(_: JobContext) -> None:
    """Do it in an asyncio task of its own, which it awaits."""

    async def child() -> None:
        leave("exit")

    await asyncio.create_task(child())


async def cancel_itself(_: JobContext) -> None:
    """Look as if somebody had asked for that."""
    current = asyncio.current_task()
    assert current is not None
    current.cancel()
    await asyncio.sleep(60)


async def wish(_: JobContext) -> None:
    """Ask for another try in a time that no clock has."""
    raise Retry(defer=10**13)


async def report_oddly(context: JobContext) -> str:
    """Report what no store takes."""
    context.progress(2**70, 2**71)
    return "done"


TASKS = (
    Task(name="leave.itself", function=cancel_itself, queue="data_sync", retry=_AT_ONCE),
    Task(name="leave.child", function=leave_a_child, queue="data_sync", max_tries=1),
    Task(name="leave.wish", function=wish, queue="data_sync"),
    Task(name="leave.report", function=report_oddly, queue="data_sync"),
    Task(name="leave.loop", function=leave_the_loop, queue="data_sync", max_tries=2, retry=_AT_ONCE),
    Task(name="leave.process", function=leave, queue="data_sync", max_tries=2, retry=_AT_ONCE),
    Task(name="leave.thread", function=leave, queue="data_sync", max_tries=2, retry=_AT_ONCE, runs_in="thread"),
)
