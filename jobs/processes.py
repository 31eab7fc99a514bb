"""Runs plain functions in child processes, where they block nobody and can be killed."""

import asyncio
import multiprocessing
from collections.abc import Callable, Mapping
from typing import Any, Self

from pebble import ProcessExpired, ProcessPool

from jobs.errors import JobTimeoutError, SwitchyardError


class ChildDiedError(SwitchyardError):
    """The child process ended in the middle of the task: it crashed, was killed, or ran out of memory."""


class Processes:
    """A pool of child processes. A child that dies or is killed takes only its own task with it."""

    def __init__(self, size: int) -> None:
        # Not forked: a fork copies the locks of threads that the child does not have.
        self._pool = ProcessPool(max_workers=size, context=multiprocessing.get_context("spawn"))

    async def run(self, function: Callable[..., Any], arguments: Mapping[str, Any], *, timeout_s: float) -> Any:  # noqa: ANN401  what the function returns
        """Call the function in a child.

        Raises what it raises, JobTimeoutError when it was killed at `timeout_s`, ChildDiedError when its process
        ended without a word. Cancelling kills the child.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        future = self._pool.schedule(function, kwargs=dict(arguments), timeout=timeout_s)
        try:
            return await asyncio.wrap_future(future)
        except ProcessExpired as error:
            raise ChildDiedError(f"the child process ended with exit code {error.exitcode}") from error
        except TimeoutError as error:
            # pebble's word for a kill; before its time it is the function's own.
            if loop.time() < until:
                raise
            raise JobTimeoutError(f"killed after {timeout_s:g} s") from error
        except asyncio.CancelledError:
            future.cancel()
            raise

    def __enter__(self) -> Self:
        """Nothing starts before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all children."""
        if self._pool.active:
            self._pool.stop()
            self._pool.join()
