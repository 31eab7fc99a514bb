"""What a worker process does while Redis is away, and before it claims again. One for all of its queues."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from jobs.errors import StoreUnavailableError
from jobs.lease_keeper import LeaseKeeper

_SHORTEST_S, _LONGEST_S = 0.05, 1.0

Answer = TypeVar("Answer")

log = structlog.stdlib.get_logger(__name__)


class Outage:
    """Lets calls wait until Redis is back.

    Then leases are renewed first, and for a moment nothing is claimed, so that the other workers can renew theirs
    too: else whoever is back first would take the jobs that all others still run.
    """

    def __init__(self, *, keeper: LeaseKeeper, settle_s: float) -> None:
        self._keeper = keeper
        self._settle_s = settle_s
        self._mending: asyncio.Task[None] | None = None

    @property
    def lasts(self) -> bool:
        """Whether calls wait for Redis."""
        return self._mending is not None and not self._mending.done()

    async def answered(self, step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat a call until Redis answers; the scripts take a repetition for what it is."""
        while True:
            try:
                return await step()
            except StoreUnavailableError as error:
                await self.over(error)

    async def over(self, reason: StoreUnavailableError) -> None:
        """Return when Redis answers again and everybody has had time to renew."""
        if not self.lasts:
            log.warning("redis_awaited", reason=str(reason))
            self._mending = asyncio.create_task(self._mend(), name="outage")
        if self._mending is not None:
            await asyncio.shield(self._mending)

    def close(self) -> None:
        """Wait no more."""
        if self._mending is not None:
            self._mending.cancel()

    async def _mend(self) -> None:
        pause_s = _SHORTEST_S
        while True:
            try:
                await self._keeper.renewed()
            except StoreUnavailableError:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_S)
            else:
                break
        await asyncio.sleep(self._settle_s)
        log.info("redis_is_back")
