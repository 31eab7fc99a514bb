"""Compares all unfinished jobs of PostgreSQL with what Redis has of them, again and again, and has the rest mended."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from jobs.errors import StoreUnavailableError
from jobs.mend import Doubt, Mender
from jobs.model import Job
from jobs.stores.both import Both
from jobs.stores.queue import MOST_AT_ONCE
from jobs.stores.remains import Seen, Sight

_PAGE_S = 0.1
_OLD_S = 50.0  # the queue takes nobody who was looked for over a minute ago

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubts:
    """What cannot be judged before the history has caught up with it."""

    doubts: list[Doubt]
    sight: Sight
    epoch: str
    since_s: float


class Reconciler:
    """A loop that any number of stewards may run: 200 jobs at a time, with pauses, so that a million take ten minutes.

    It needs no suspicion: what the tick of the site does not tell, it finds.
    """

    def __init__(
        self,
        both: Both,
        *,
        mender: Mender,
        queues: Sequence[str],
        every_s: float = 5.0,
        age_s: float = 30.0,
    ) -> None:
        """Begin every `every_s` seconds, for jobs older than `age_s`, and those of stock clients in these queues."""
        self._both = both
        self._mender = mender
        self._queues = queues
        self._every_s = every_s
        self._age_s = age_s
        self._after: Job | None = None
        self._open: _Doubts | None = None

    async def run(self) -> None:
        """Look until cancelled. A store that is away is no reason to stop."""
        while True:
            pause_s = self._every_s
            try:
                if await self.look():
                    pause_s = _PAGE_S
                else:
                    for queue in self._queues:
                        await self._look_for_stock(queue)
            except StoreUnavailableError as error:
                log.warning("reconciling_postponed", reason=str(error))
            await asyncio.sleep(pause_s)

    async def look(self) -> bool:
        """Look at the next jobs, after the last at the first again; say whether there is more to do before a pause."""
        if self._open is None:
            await self._look_on()
        if self._open is not None:
            await self._settle(self._open)
        return self._open is not None or self._after is not None

    async def _look_on(self) -> None:
        epoch = await self._both.mark.epoch()
        jobs = await self._both.jobs.unfinished(after=self._after, older_than_s=self._age_s, limit=MOST_AT_ONCE)
        self._after = jobs[-1] if len(jobs) == MOST_AT_ONCE else None
        if not jobs:
            return
        sight = await self._both.remains.look([(job.id, job.run) for job in jobs])
        if doubts := await self._mender.mend(jobs, sight):
            self._open = _Doubts(doubts=doubts, sight=sight, epoch=epoch, since_s=time.monotonic())

    async def _settle(self, doubts: _Doubts) -> None:
        if await self._both.events.has_confirmed(doubts.sight.last_event):
            self._open = None
            await self._mender.settle(doubts.doubts, doubts.sight, epoch=doubts.epoch)
        elif time.monotonic() - doubts.since_s > _OLD_S:
            self._open = None  # the next round looks anew

    async def _look_for_stock(self, queue: str) -> None:
        if ids := await self._both.remains.stock_jobs(queue, limit=MOST_AT_ONCE):
            sight = await self._both.remains.look([(job_id, 0) for job_id in ids])
            for job_id, look in zip(ids, sight.looks, strict=True):
                if look.seen is Seen.DONE:
                    await self._mender.adopt(job_id, "", look)
