"""pebble's pool of child processes, which blames a death only on the call that it ended."""

import multiprocessing
import os
from multiprocessing.context import SpawnContext

from pebble import ProcessPool
from pebble.pool.base_pool import PoolContext
from pebble.pool.process import PoolManager

from jobs.children import begin


class ChildPool(ProcessPool):
    """A pool that survives the death of a child that does nothing; pebble's own gives all up then, for good.

    What it raises BrokenProcessPool for has not begun, and may be asked of another pool: no child took it, as none
    lives long enough, or the one that was about to died in the middle of taking.
    """

    def __init__(self, size: int, *, memory_mb: int) -> None:
        # Not forked: a fork copies the locks of threads that the child does not have.
        context = multiprocessing.get_context("spawn")
        super().__init__(max_workers=size, initializer=begin, initargs=(os.getpid(), memory_mb))
        self._pool_manager = _Manager(self._context, context)

    def end(self) -> None:
        """End all children, also those of a pool that is broken or was never used."""
        self.stop()
        self.join()


class _Manager(PoolManager):
    """Judges a dead child once all that it said has been read.

    pebble looks at the dead in one thread and reads in another. Whoever dies as soon as it has taken a call would be
    looked at before it is known to have taken it, and the call would never end.
    """

    def __init__(self, context: PoolContext, mp_context: SpawnContext) -> None:
        super().__init__(context, mp_context)
        self._dead: dict[int, int] = {}  # exit code of each child that is not judged yet, by process id

    def handle_worker_expiration(self, expiration: tuple[int, int]) -> None:
        """Note a death, told by the thread that looks at the children."""
        child, exit_code = expiration
        self._dead[child] = exit_code

    def process_next_message(self, timeout: float) -> None:
        """Read what a child said, in the one thread that reads; judge who was dead before there was nothing to read."""
        dead, pipe = tuple(self._dead), self.worker_manager.pool_channel
        if dead and pipe is not None and not pipe.poll(0):
            for child in dead:
                self._judge(child, self._dead.pop(child))
        super().process_next_message(timeout)

    def _judge(self, child: int, exit_code: int) -> None:
        """End the call that the child had taken, if any. Raises BrokenProcessPool where all calls wait to be taken."""
        if self.task_manager.tasks:
            super().handle_worker_expiration((child, exit_code))
