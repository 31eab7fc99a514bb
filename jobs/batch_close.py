"""Ends batches of which all jobs have ended, and lets follow them what is to, once."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.restore import Restorer
from jobs.stores.batches import BatchStore
from jobs.stores.both import Both

_EVERY_S = 0.5
_AT_ONCE = 20  # nobody writes of their jobs meanwhile

log = structlog.stdlib.get_logger(__name__)


class BatchCloser:
    """A loop that any number of stewards may run: each takes batches that no other is at.

    It looks only at batches of which a job has ended since the last look, however many are open. What follows a batch
    is stored by the transaction that ends it; if this process then dies, it is put in line like any job that Redis has
    not heard of.
    """

    def __init__(self, batches: BatchStore, both: Both, *, restorer: Restorer) -> None:
        self._batches = batches
        self._both = both
        self._restorer = restorer

    async def run(self) -> None:
        """Look until cancelled. A store that is away is no reason to stop."""
        while True:
            looked_at = 0
            try:
                looked_at = await self.look()
            except StoreUnavailableError as error:
                log.warning("batches_not_closed", reason=str(error))
            if looked_at < _AT_ONCE:
                await asyncio.sleep(_EVERY_S)

    async def look(self) -> int:
        """Look at some; give how many."""
        if not await self._batches.are_stirred():
            return 0
        seen = await self._redis_now()
        looked_at, following = await self._batches.close(limit=_AT_ONCE)
        if following:
            log.info("batches_followed", jobs=[job.id for job in following])
            if seen is not None:
                issued_ms, epoch = seen
                await self._restorer.enqueue(following, issued_ms=issued_ms, epoch=epoch)
        return looked_at

    async def _redis_now(self) -> tuple[int, str] | None:
        """Give Redis' time and epoch of before the look: should this process sleep over what follows, it is refused."""
        try:
            return (await self._both.remains.look([])).at_ms, await self._both.mark.epoch()
        except StoreUnavailableError:
            return None
