"""Puts accepted jobs that never reached Redis in line: Redis was away, or a process died between the two writes."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.stores.jobs import JobStore
from jobs.submit import Submitter

log = structlog.stdlib.get_logger(__name__)


class Recoverer:
    """A loop that any number of workers may run: putting a job in line twice leaves it there once."""

    def __init__(
        self, *, jobs: JobStore, submitter: Submitter, every_s: float = 5.0, age_s: float = 10.0, at_once: int = 200
    ) -> None:
        """Look every `every_s` seconds for jobs older than `age_s`; younger ones are still being submitted."""
        self._jobs = jobs
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
        """Put the oldest of them in line; say whether a full look's worth got there, so that more may wait."""
        forgotten = await self._jobs.not_enqueued(older_than_s=self._age_s, limit=self._at_once)
        for job in forgotten:
            after = await self._submitter.enqueue(job)
            if after is job:
                return False
            log.info("job_recovered", job_id=job.id)
        return len(forgotten) == self._at_once
