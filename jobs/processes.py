"""Runs plain functions in child processes, where they block nobody and can be killed."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Mapping
from typing import Any, Self

from pebble import CONSTS, ProcessExpired, ProcessPool

from jobs import codec
from jobs.children import begin, call
from jobs.errors import ChildError, JobTimeoutError

# Between SIGTERM and SIGKILL: a child that ignores the first is dead within a second too.
CONSTS.term_timeout = 0.5


class Processes:
    """A pool of child processes. A child that dies or is killed takes only its own task with it."""

    def __init__(self, size: int, *, memory_mb: int = 0) -> None:
        """Limit the address space of a child to `memory_mb` MiB, where the platform can (not macOS); 0 is no limit."""
        self._pool = ProcessPool(
            max_workers=size,
            # Not forked: a fork copies the locks of threads that the child does not have.
            context=multiprocessing.get_context("spawn"),
            initializer=begin,
            initargs=(os.getpid(), memory_mb),
        )

    async def run(self, function: Callable[..., Any], arguments: Mapping[str, Any], *, timeout_s: float) -> Any:  # noqa: ANN401  what the function returns
        """Call the function in a child; its result comes back as JSON has it.

        Raises what it raises, JobTimeoutError when it was killed at `timeout_s`, ChildError when its process ended
        without a word, or its exception cannot leave the child. Cancelling kills the child.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        future = self._pool.schedule(call, args=(function, dict(arguments)), timeout=timeout_s)
        try:
            return codec.loads_plain(await asyncio.wrap_future(future))
        except ProcessExpired as error:
            raise ChildError(f"the child process ended with exit code {error.exitcode}") from error
        except MemoryError as error:
            raise ChildError("the child process ran out of its memory; JOBS_CHILD_MEMORY_MB is the limit") from error
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
