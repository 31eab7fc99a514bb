"""Stores each second what this process has counted of requests."""

import asyncio
from typing import Final

import structlog

from app.stores.rate_statistics import RateStatistics
from jobs.errors import StoreUnavailableError
from ratelimit.ledger import Ledger

_EVERY_S: Final = 1.0
_LAST_S: Final = 1.0

log = structlog.stdlib.get_logger(__name__)


class Recorder:
    """Moves what is counted from the ledger into Redis; while that is away the ledger keeps it, within its bounds."""

    def __init__(self, ledger: Ledger, statistics: RateStatistics) -> None:
        self._ledger = ledger
        self._statistics = statistics

    async def run(self) -> None:
        """Do so each second, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.record()

    async def record(self) -> None:
        """Store what there is now."""
        page = self._ledger.take()
        if page.is_empty:
            return
        try:
            await self._statistics.add(page)
        except StoreUnavailableError as error:
            self._ledger.give_back(page)
            log.info("rate_statistics_not_stored", reason=str(error))
        except BaseException:  # it was cancelled while Redis thought
            self._ledger.give_back(page)
            raise

    async def finish(self) -> None:
        """Store the rest, at the end of the process; no longer than a moment."""
        try:
            async with asyncio.timeout(_LAST_S):
                await self.record()
        except TimeoutError:
            pass
