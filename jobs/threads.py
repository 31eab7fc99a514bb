"""Runs plain functions in threads: for work that cannot leave the process, and lets others run while it waits."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Self

import structlog

from jobs.errors import JobTimeoutError, UnexpectedExitError

_stopping: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("stopping", default=None)

_Outcome = tuple[Any, Exception | None]

log = structlog.stdlib.get_logger(__name__)


def is_stopping() -> bool:
    """Say, inside a task that runs in a thread, whether it should end: it was cancelled, or its time is over.

    A thread cannot be stopped from outside. One that does not look is given up ten seconds later: its job ends, and
    what it still does counts no more.
    """
    event = _stopping.get()
    return event is not None and event.is_set()


class Threads:
    """A thread a call, as many as there are; the slots of a worker bound them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[_Outcome]] = set()

    async def run(self, function: Callable[..., Any], arguments: Mapping[str, Any], *, timeout_s: float) -> Any:  # noqa: ANN401  what the function returns
        """Call the function in a thread of its own, and return when it has ended, never before.

        Raises what it raises; JobTimeoutError where it has ended after `timeout_s`; UnexpectedExitError where it left
        by sys.exit() or the like. A cancellation is passed on as `is_stopping`, and raised when the function has ended.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[_Outcome] = loop.create_future()
        stopping = threading.Event()
        context = contextvars.copy_context()
        context.run(_stopping.set, stopping)

        def work() -> None:
            outcome = _made(partial(context.run, function, **arguments))
            try:
                loop.call_soon_threadsafe(_settle, ended, outcome)
            except RuntimeError:  # the loop is closed: the worker has stopped without it
                log.warning("thread_ended_late")

        self._running.add(ended)
        threading.Thread(target=work, name=f"task {function.__name__}", daemon=True).start()
        timer = loop.call_later(timeout_s, stopping.set)
        try:
            return await self._ended(ended, stopping, until=loop.time() + timeout_s)
        finally:
            timer.cancel()
            self._running.discard(ended)

    async def _ended(self, ended: "asyncio.Future[_Outcome]", stopping: threading.Event, *, until: float) -> Any:  # noqa: ANN401  the same
        cancelled: asyncio.CancelledError | None = None
        while not ended.done():
            try:
                await asyncio.wait([ended])
            except asyncio.CancelledError as error:
                cancelled = error
                stopping.set()
        if cancelled is not None and (ended.cancelled() or ended.result()[1]):
            raise cancelled
        if asyncio.get_running_loop().time() > until:
            raise JobTimeoutError("its thread has ended, but after its time")
        value, raised = ended.result()
        if raised is not None:
            raise raised
        return value

    def __enter__(self) -> Self:
        """Nothing starts before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """Wait no more for threads that go on; they end with the process."""
        for ended in list(self._running):
            ended.cancel()


def _made(call: Callable[[], Any]) -> _Outcome:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001  it is raised where the task is awaited
        return None, error
    except BaseException as error:  # noqa: BLE001  it would end the worker there
        return None, UnexpectedExitError.of(error)


def _settle(ended: "asyncio.Future[_Outcome]", outcome: _Outcome) -> None:
    if not ended.done():
        ended.set_result(outcome)  # also what it raised: no future takes a StopIteration
