"""Sees each second to what time alone brings about: jobs that expire, and what stock clients want aborted."""

import asyncio
from collections.abc import Sequence

import structlog

from jobs.errors import StoreUnavailableError
from jobs.stores.leases import Leases

_EVERY_S = 1.0

log = structlog.stdlib.get_logger(__name__)


class Ticker:
    """A loop that every worker runs: each finds all that there is to do, and doing it twice does it once."""

    def __init__(self, *, leases: Leases, queues: Sequence[str], keeps_history: bool) -> None:
        """`queues` are those that this worker serves. Without a history, events that nobody reads are dropped."""
        self._leases = leases
        self._queues = queues
        self._keeps_history = keeps_history

    async def run(self) -> None:
        """Tick until cancelled."""
        while True:
            try:
                await self._leases.tick(self._queues, keeps_history=self._keeps_history)
            except StoreUnavailableError as error:
                log.debug("tick_missed", reason=str(error))
            await asyncio.sleep(_EVERY_S)
