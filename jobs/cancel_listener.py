"""Hears at once which running jobs are to be cancelled. Whoever it misses learns it when its lease is renewed."""

import asyncio
from collections.abc import Callable

import structlog

from jobs.errors import StoreUnavailableError
from jobs.held import Holdings, Run
from jobs.lease_keeper import LeaseKeeper
from jobs.stores.signals import Signals

_AGAIN_S = 1.0

log = structlog.stdlib.get_logger(__name__)


class CancelListener:
    """One subscription for all runs of a worker process."""

    def __init__(
        self, *, signals: Signals, holdings: Holdings, keeper: LeaseKeeper, cancelled: Callable[[Run], None]
    ) -> None:
        """Call `cancelled` for each run here of a job that is to be cancelled."""
        self._signals = signals
        self._holdings = holdings
        self._keeper = keeper
        self._cancelled = cancelled

    async def run(self) -> None:
        """Listen until cancelled; listen again after every loss of Redis."""
        while True:
            try:
                async for job_ids in self._signals.cancelled():
                    if job_ids is None:
                        await self._keeper.renewed()  # tells of those that were missed
                    for run in (run for job_id in job_ids or () for run in self._holdings.cancel_wanted(job_id)):
                        self._cancelled(run)
            except StoreUnavailableError as error:
                log.warning("cancel_signals_lost", reason=str(error))
            await asyncio.sleep(_AGAIN_S)
