"""Pausing queues. PostgreSQL keeps which ones rest, so that an emptied Redis does not let them go on."""

import asyncio

import structlog

from jobs.audit import Actor
from jobs.errors import StoreUnavailableError
from jobs.stores.pauses import PauseStore

_EVERY_S = 5.0

log = structlog.stdlib.get_logger(__name__)


class Pauses:
    """The one way to let a queue rest and go on; also the loop by which the stewards keep Redis' copy right."""

    def __init__(self, store: PauseStore) -> None:
        self._store = store

    async def pause(self, queue: str, *, by: Actor) -> None:
        """Let nothing of a queue start any more; what runs goes on.

        Raises StoreUnavailableError where PostgreSQL is away. While Redis is away nothing starts anyway, and the
        stewards tell it when it is back.
        """
        await self._store.add(queue, by=by)
        await self._tell()

    async def resume(self, queue: str, *, by: Actor) -> None:
        """Let a queue go on; raises like `pause`."""
        await self._store.remove(queue, by=by)
        await self._tell()

    async def run(self) -> None:
        """Keep Redis' copy right until cancelled."""
        while True:
            await self._tell()
            await asyncio.sleep(_EVERY_S)

    async def copy(self) -> None:
        """Make Redis' copy right now. Raises StoreUnavailableError."""
        # In this order: what somebody pauses in between is in the copy before it could be taken for one too many.
        copied = await self._store.copied()
        wanted = await self._store.all()
        for queue, since in wanted.items():
            if queue not in copied:
                await self._store.copy(queue, since)
        for queue in copied.keys() - wanted.keys():
            await self._store.copy(queue, None)

    async def _tell(self) -> None:
        try:
            await self.copy()
        except StoreUnavailableError as error:
            log.warning("pauses_not_copied", reason=str(error))
