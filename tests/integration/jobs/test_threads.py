"""Threads: what they give back, and that nobody says that one has ended which has not."""

import asyncio
import time

import pytest

from jobs.errors import JobTimeoutError, TaskTableError
from jobs.registry import Task
from jobs.threads import Threads, is_stopping
from tests.support import blocking


async def test_a_thread_gives_back_what_its_function_does() -> None:
    """A value or an error, whatever their types."""
    with Threads() as threads:
        assert await threads.run(blocking.give_function, {}, timeout_s=20) is blocking.burn
        with pytest.raises(blocking.FussyError):
            await threads.run(blocking.fuss, {}, timeout_s=20)


async def test_many_run_side_by_side() -> None:
    """No pool bounds them."""
    with Threads() as threads:
        began = time.monotonic()
        await asyncio.gather(*(threads.run(blocking.ignore, {"seconds": 0.2}, timeout_s=20) for _ in range(50)))
        assert time.monotonic() - began < 50 * 0.2 / 2


async def test_a_function_hears_that_its_time_is_over() -> None:
    """It ends early; that is a timeout all the same."""
    with Threads() as threads:
        began = time.monotonic()
        with pytest.raises(JobTimeoutError):
            await threads.run(blocking.heed, {"seconds": 60}, timeout_s=0.1)
        assert time.monotonic() - began < 30


async def test_a_cancelled_call_lasts_as_long_as_its_thread() -> None:
    """It is raised when the function has ended by an error, and not where it has given a value."""
    with Threads() as threads:
        for seconds in (0.3, 60):
            function = blocking.ignore if seconds < 1 else blocking.heed
            call = asyncio.create_task(threads.run(function, {"seconds": seconds}, timeout_s=120))
            await asyncio.sleep(0.05)
            call.cancel()
            await asyncio.sleep(0)
            call.cancel()  # a second one changes nothing
            assert await call == ("done" if seconds < 1 else "stopped")


async def test_closing_waits_for_nobody() -> None:
    """A thread that goes on must not hold up a worker that stops."""
    with Threads() as threads:
        call = asyncio.create_task(threads.run(blocking.ignore, {"seconds": 3}, timeout_s=120))
        await asyncio.sleep(0.05)
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert time.monotonic() - began < 2


def test_outside_of_a_thread_nothing_stops() -> None:
    """A function may be called by its tests too."""
    assert not is_stopping()


def test_where_a_function_runs_must_fit_it() -> None:
    """The mistake is named at the start."""

    async def wait(_: object) -> None:
        """Do nothing."""

    with pytest.raises(TaskTableError, match="it runs in the loop"):
        Task(name="a", function=wait, queue="q", runs_in="thread")
    with pytest.raises(TaskTableError, match="a process or a thread"):
        Task(name="a", function=blocking.fuss, queue="q", runs_in="loop")
