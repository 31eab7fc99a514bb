"""Looks for parked jobs that nobody has freed: the net under the scripts, which free whom an end lets go on.

It also lets owners' lines close up where much of them was cancelled.
"""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.settings import JobsSettings
from jobs.stores.remains import Remains

_EVERY_S = 5.0

log = structlog.stdlib.get_logger(__name__)


class Sweeper:
    """A loop that any number of stewards may run."""

    def __init__(self, *, remains: Remains, settings: JobsSettings) -> None:
        self._remains = remains
        self._step_ms = settings.step_ms

    async def run(self) -> None:
        """Sweep again and again until cancelled."""
        while True:
            try:
                await self._remains.sweep()
                await self._remains.close_gaps(step_ms=self._step_ms)
            except StoreUnavailableError as error:
                log.warning("sweep_postponed", reason=str(error))
            await asyncio.sleep(_EVERY_S)
