"""Puts stored jobs in line again, which Redis has not heard of or has forgotten. Who is meant is others' business."""

from collections.abc import Mapping, Sequence

from jobs.errors import StoreUnavailableError
from jobs.idempotency import first_answer
from jobs.model import Job
from jobs.outcome import superseded
from jobs.registry import TaskTable
from jobs.stores.both import Both
from jobs.stores.queue import Enqueued, Entry

_LEFT = frozenset({Enqueued.OLD, Enqueued.EPOCH})


class Restorer:
    """The one way back in. A repetition changes nothing."""

    def __init__(self, both: Both, *, tasks: TaskTable, turn_s: float) -> None:
        """Take a task to run for `turn_s` seconds where it neither says so nor was measured."""
        self._tasks = tasks
        self._both = both
        self._turn_s = turn_s

    async def enqueue(self, jobs: Sequence[Job], *, issued_ms: int, epoch: str) -> int:
        """Put up to 200 jobs in line that may be there already; give of how many that is known now.

        `issued_ms` is Redis' time as of which they were looked up; the queue takes none that is over a minute old.
        Raises StoreUnavailableError, also where Redis is not what it was in this `epoch`.
        """
        entries = [Entry(job=job, typical_s=self._typical_s(job.task), is_new=False) for job in jobs]
        places = list(zip(jobs, await self._both.queue.enqueue(entries, issued_ms=issued_ms, epoch=epoch), strict=True))
        if any(place.answer is Enqueued.EPOCH for _, place in places):
            raise StoreUnavailableError("Redis: it is not what it was a moment ago")
        for job, place in places:
            if place.holder is not None:  # it was accepted while Redis could not tell
                await self._both.jobs.supersede(job, superseded(job.task, place.holder))
        known = {job.id: job for job, place in places if place.answer not in _LEFT}
        await self._bring_keys(known)
        await self._both.jobs.mark_enqueued(list(known))
        return len(known)

    async def _bring_keys(self, jobs: Mapping[str, Job]) -> None:
        """Let Redis know of their idempotency keys too: PostgreSQL may be away when they are sent again."""
        if uses := await self._both.jobs.uses_of(list(jobs)):
            await self._both.keyring.bring([(kept, first_answer(jobs[kept.job_id])) for kept in uses])

    def _typical_s(self, task: str) -> float:
        return self._tasks.typical_s(task, otherwise=self._turn_s)
