"""Finds unfinished jobs that stock workers have ended, or whose payload is gone, and mends what Redis has of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from jobs import codec
from jobs.errors import JobFailedError, StoreUnavailableError
from jobs.model import Job, State
from jobs.outcome import failure_of
from jobs.stores.jobs import JobStore
from jobs.stores.queue import MOST_AT_ONCE, state_of
from jobs.stores.remains import Look, Remains, Seen

log = structlog.stdlib.get_logger(__name__)


class Reconciler:
    """A loop that any number of stewards may run: it goes through all unfinished jobs, 200 at a time, again and again.

    What Redis has lost altogether is not put back yet.
    """

    def __init__(
        self, *, jobs: JobStore, remains: Remains, queues: Sequence[str], every_s: float = 5.0, age_s: float = 30.0
    ) -> None:
        """Look every `every_s` seconds at jobs older than `age_s`, and at those of stock clients in these queues."""
        self._jobs = jobs
        self._remains = remains
        self._queues = queues
        self._every_s = every_s
        self._age_s = age_s
        self._after = ""

    async def run(self) -> None:
        """Look until cancelled. A store that is away is no reason to stop."""
        while True:
            try:
                await self.look()
                for queue in self._queues:
                    await self._look_for_stock(queue)
            except StoreUnavailableError as error:
                log.warning("reconciling_postponed", reason=str(error))
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look at the next jobs; after the last, begin anew."""
        jobs = await self._jobs.unfinished(after=self._after, older_than_s=self._age_s, limit=MOST_AT_ONCE)
        self._after = jobs[-1].id if len(jobs) == MOST_AT_ONCE else ""
        if not jobs:
            return
        for job, look in zip(jobs, await self._remains.look([(job.id, job.run) for job in jobs]), strict=True):
            if look.seen is Seen.DONE:
                await self._adopt(job.id, job.task, look)
            elif look.seen is Seen.BARE:
                await self._mend(job)

    async def _look_for_stock(self, queue: str) -> None:
        ids = await self._remains.stock_jobs(queue, limit=MOST_AT_ONCE)
        if not ids:
            return
        for job_id, look in zip(ids, await self._remains.look([(job_id, 0) for job_id in ids]), strict=True):
            if look.seen is Seen.DONE:
                await self._adopt(job_id, "", look)

    async def _adopt(self, job_id: str, task: str, look: Look) -> None:
        try:
            result = codec.loads_plain(look.result)
            state, error, value = _read(task, result)
        except (ValueError, KeyError, TypeError) as fault:
            log.warning("result_not_read", job_id=job_id, reason=str(fault))
            return
        await self._remains.adopt(job_id, state, tries=int(result.get("t") or 1), error=error, value=value)
        log.info("stock_end_adopted", job_id=job_id, state=state)

    async def _mend(self, job: Job) -> None:
        await self._remains.put_payload(job)
        log.warning("payload_put_back", job_id=job.id)


def _read(task: str, result: dict[str, Any]) -> tuple[State, bytes, bytes]:
    """Give state, error and value of a stock worker's result, as events carry them."""
    state = state_of(result)
    if state is State.SUCCEEDED:
        return state, b"", codec.dumps_text(result["r"]).encode()
    if state is not State.FAILED:
        return state, b"", b""
    told = result["r"]
    text = ": ".join(codec.error_of(told)) if isinstance(told, dict) else str(told)
    return state, codec.dumps(failure_of(task, JobFailedError(text)).as_mapping()), b""
