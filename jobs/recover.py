"""Tells Redis what it has not heard: of accepted jobs, and of wishes to cancel.

It was away, or a process died between the two writes.
"""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.model import Job
from jobs.restore import Restorer
from jobs.stores.both import Both
from jobs.stores.queue import MOST_AT_ONCE

_PAGES = 10  # of wishes, in one look

log = structlog.stdlib.get_logger(__name__)


class Recoverer:
    """A loop that any number of stewards may run: putting a job in line twice leaves it there once."""

    def __init__(
        self,
        both: Both,
        *,
        restorer: Restorer,
        every_s: float = 5.0,
        age_s: float = 10.0,
    ) -> None:
        """Look every `every_s` seconds for jobs older than `age_s`; younger ones are still being submitted."""
        self._both = both
        self._restorer = restorer
        self._every_s = every_s
        self._age_s = age_s
        self._wished: Job | None = None  # the last that was told, where there are more

    async def run(self) -> None:
        """Look again and again until cancelled. A store that is away is no reason to stop."""
        while True:
            try:
                await self.look_for_wishes()
                while await self.look():
                    pass
            except StoreUnavailableError as error:
                log.warning("recovery_postponed", reason=str(error))
            await asyncio.sleep(self._every_s)

    async def look_for_wishes(self) -> None:
        """Tell Redis once more which unfinished jobs are to be cancelled; a repetition changes nothing.

        It did not hear of some, because it was away, or has forgotten.
        """
        for _ in range(_PAGES):
            wanted = await self._both.jobs.cancel_wanted(
                after=self._wished, older_than_s=self._age_s, limit=MOST_AT_ONCE
            )
            self._wished = wanted[-1] if len(wanted) == MOST_AT_ONCE else None
            if wanted:
                await self._both.queue.cancel(wanted)
            if self._wished is None:
                return

    async def look(self) -> bool:
        """Put the oldest of them in line; say whether that was a full look's worth, so that more may wait.

        A job whose row says nothing of Redis may have run and ended there, where the history is behind. Therefore the
        look-up counts as of the time up to which the history is complete, and the queue refuses what is over a minute
        old: for twice as long it knows what has ended.
        """
        epoch = await self._both.mark.epoch()
        issued_ms = await self._both.events.complete_until_ms()
        forgotten = await self._both.jobs.not_enqueued(older_than_s=self._age_s, limit=MOST_AT_ONCE)
        if not forgotten:
            return False
        known = await self._restorer.enqueue(forgotten, issued_ms=issued_ms, epoch=epoch)
        log.info("jobs_recovered", amount=known, left=len(forgotten) - known)
        return known == MOST_AT_ONCE
