"""Looks for parked jobs that nobody has freed: the net under the scripts, which free whom an end lets go on.

It also lets owners' lines close up where much of them was cancelled.
"""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.stores.leases import Leases
from jobs.stores.queue import Queue

_EVERY_S = 5.0

log = structlog.stdlib.get_logger(__name__)


class Sweeper:
    """A loop that any number of workers may run. It also keeps the site's limit where Redis has lost it."""

    def __init__(self, *, leases: Leases, queue: Queue, max_running: int | None) -> None:
        """`max_running` is for owners without a limit of their own."""
        self._leases = leases
        self._queue = queue
        self._max_running = max_running

    async def run(self) -> None:
        """Sweep again and again until cancelled."""
        while True:
            try:
                await self._queue.set_limit(None, self._max_running)
                await self._leases.sweep()
                await self._leases.close_gaps()
            except StoreUnavailableError as error:
                log.warning("sweep_postponed", reason=str(error))
            await asyncio.sleep(_EVERY_S)
