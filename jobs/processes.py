"""Runs plain functions in child processes, where they block nobody and can be killed."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, Self

from pebble import CONSTS, ProcessExpired

from jobs import codec
from jobs.child_pool import ChildPool
from jobs.children import call
from jobs.errors import ChildError, JobTimeoutError

# Between SIGTERM and SIGKILL: a child that ignores the first is dead within a second too.
CONSTS.term_timeout = 0.25

_POOLS: Final = 3  # that a call is given to before its children are said not to start


class Processes:
    """A pool of child processes. A child that dies or is killed takes only its own task with it."""

    def __init__(self, size: int, *, memory_mb: int = 0) -> None:
        """Limit the address space of a child to `memory_mb` MiB, where the platform can (not macOS); 0 is no limit."""
        self._size = size
        self._memory_mb = memory_mb
        self._pool = self._new_pool()

    async def run(self, function: Callable[..., Any], arguments: Mapping[str, Any], *, timeout_s: float) -> Any:  # noqa: ANN401  what the function returns
        """Call the function in a child; its result comes back as JSON has it.

        Raises what it raises, JobTimeoutError when it was killed at `timeout_s`, ChildError when its process ended
        without a word, its exception cannot leave the child, or no child starts. Cancelling kills the child.
        """
        for _ in range(_POOLS):
            pool = self._pool
            try:
                return await _run_in(pool, function, arguments, timeout_s=timeout_s)
            except BrokenProcessPool:
                if pool.active:  # the function's own word, of a pool that it has made
                    raise
                await self._replace(pool)
        raise ChildError("child processes end as they start; JOBS_CHILD_MEMORY_MB may be too little for them")

    async def _replace(self, broken: ChildPool) -> None:
        """Have another pool; whoever comes first makes it, and ends what is left of the broken one."""
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(broken.end)

    def _new_pool(self) -> ChildPool:
        return ChildPool(self._size, memory_mb=self._memory_mb)

    def __enter__(self) -> Self:
        """Nothing starts before the first call."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all children."""
        self._pool.end()


async def _run_in(
    pool: ChildPool, function: Callable[..., Any], arguments: Mapping[str, Any], *, timeout_s: float
) -> Any:  # noqa: ANN401  what the function returns
    """Call it in a child of this pool; raises BrokenProcessPool when no child has taken the call."""
    loop = asyncio.get_running_loop()
    until = loop.time() + timeout_s
    try:
        future = pool.schedule(call, args=(function, dict(arguments)), timeout=timeout_s)
    except RuntimeError as error:
        raise BrokenProcessPool from error
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
