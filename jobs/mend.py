"""What is done where PostgreSQL and Redis disagree on an unfinished job: the table of their agreement, row by row.

PostgreSQL says what there is: the job, its run, its arguments, the wish to cancel it. Redis says what it does.
"""

from collections.abc import Sequence

import structlog

from jobs import codec
from jobs.errors import StoreUnavailableError
from jobs.found import Told, end_of, told_of, told_of_lost
from jobs.model import Job
from jobs.restore import Restorer
from jobs.scribe import Scribe
from jobs.stores.both import Both
from jobs.stores.remains import Look, Seen, Sight

Doubt = tuple[Job, Look]

_LOST = frozenset({Seen.MISSING, Seen.OLDER})

log = structlog.stdlib.get_logger(__name__)


class Mender:
    """All of it may be done by several at once, and twice. Calls raise StoreUnavailableError."""

    def __init__(self, both: Both, *, restorer: Restorer, scribe: Scribe) -> None:
        self._both = both
        self._restorer = restorer
        self._scribe = scribe

    async def mend(self, jobs: Sequence[Job], sight: Sight) -> list[Doubt]:
        """Mend what is plain; give what may be explained by a history that is behind."""
        doubts = []
        for job, look in zip(jobs, sight.looks, strict=True):
            try:
                if not await self._mend(job, look):
                    doubts.append((job, look))
            except StoreUnavailableError:
                raise
            except Exception:  # whatever somebody has left there: it must not keep back the others
                log.exception("job_not_mended", job=job.id)
        return doubts

    async def _mend(self, job: Job, look: Look) -> bool:
        """Mend what is plain; say whether it is."""
        if look.seen is Seen.DONE:
            await self.adopt(job.id, job.task, look)
        elif look.seen is Seen.BARE:
            await self._both.remains.put_payload(job)
            log.warning("payload_put_back", job=job.id)
        else:
            return look.seen is Seen.LIVE and (look.run, look.state) == (job.run, job.state)
        return True

    async def settle(self, doubts: Sequence[Doubt], sight: Sight, *, epoch: str) -> int:
        """Mend the rest, once all is written that was told before the sight; give how many were put in line again."""
        rows = {job.id: job for job in await self._both.jobs.still_unfinished([job.id for job, _ in doubts])}
        left = [(rows[job.id], look) for job, look in doubts if job.id in rows and rows[job.id].run == job.run]
        await self._write([told_of(job, look, sight) for job, look in left if look.seen not in _LOST])
        lost = [(job, look) for job, look in left if look.seen in _LOST]
        await self._write([told_of_lost(job, sight) for job, _ in lost])
        if wished := [job for job, _ in lost if job.cancel_requested_at is not None]:
            await self._both.queue.cancel(wished)
        wanted = [job for job, _ in lost if job.cancel_requested_at is None]
        if not wanted:
            return 0
        restored = await self._restorer.enqueue(wanted, issued_ms=sight.at_ms, epoch=epoch)
        log.warning("jobs_restored", amount=restored)
        return restored

    async def adopt(self, job_id: str, task: str, look: Look) -> None:
        """Take over the end that a stock worker has brought about."""
        try:
            end = end_of(task, look.result)
        except ValueError as fault:
            log.warning("result_not_read", job=job_id, reason=str(fault))
            return
        await self._both.remains.adopt(job_id, end.state, tries=end.tries or 1, error=end.error, value=end.value)
        log.info("stock_end_adopted", job=job_id, state=end.state)

    async def _write(self, told: Sequence[Told | None]) -> None:
        if events := [event for event in told if event is not None]:
            await self._scribe.write_events(codec.dumps(events))
            log.info("states_taken_from_redis", amount=len(events))
