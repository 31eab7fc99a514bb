"""Puts accepted jobs that never reached Redis in line: Redis was away, or a process died between the two writes."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.stores.events import Events
from jobs.stores.jobs import JobStore
from jobs.stores.queue import MOST_AT_ONCE
from jobs.submit import Submitter

log = structlog.stdlib.get_logger(__name__)


class Recoverer:
    """A loop that any number of workers may run: putting a job in line twice leaves it there once."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        events: Events,
        submitter: Submitter,
        every_s: float = 5.0,
        age_s: float = 10.0,
        at_once: int = MOST_AT_ONCE,
    ) -> None:
        """Look every `every_s` seconds for jobs older than `age_s`; younger ones are still being submitted."""
        self._jobs = jobs
        self._events = events
        self._submitter = submitter
        self._every_s = every_s
        self._age_s = age_s
        self._at_once = at_once

    async def run(self) -> None:
        """Look again and again until cancelled. A store that is away is no reason to stop."""
        while True:
            try:
                while await self.look():
                    pass
            except StoreUnavailableError as error:
                log.warning("recovery_postponed", reason=str(error))
            await asyncio.sleep(self._every_s)

    async def look(self) -> bool:
        """Put the oldest of them in line; say whether that was a full look's worth, so that more may wait.

        A job whose row says nothing of Redis may have run and ended there, where the history is behind. Therefore the
        look-up counts as of the time up to which the history is complete, and the queue refuses what is over a minute
        old: for twice as long it knows what has ended.
        """
        issued_ms = await self._events.complete_until_ms()
        forgotten = await self._jobs.not_enqueued(older_than_s=self._age_s, limit=self._at_once)
        if not forgotten:
            return False
        known = await self._submitter.enqueue_again(forgotten, issued_ms=issued_ms)
        log.info("jobs_recovered", amount=known, left=len(forgotten) - known)
        return known == self._at_once
