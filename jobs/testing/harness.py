"""Submits jobs of a test's tasks and runs them by the real engine until none is left."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from jobs.cancelling import cancel_until_ended
from jobs.errors import NotFoundError
from jobs.find import JobFinder
from jobs.model import Job
from jobs.quotas import Quotas
from jobs.registry import Task, TaskTable
from jobs.serve import serve
from jobs.settings import JobsSettings, load_settings
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore
from jobs.stores.leases import Leases, Timing
from jobs.stores.queue import Queue
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from jobs.submission import Submission
from jobs.submit import Submitter

_PATIENCE_S = 5.0
_LOOK_S = 0.05
_SLOTS = 4
_OWNER = "somebody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """Jobs of these tasks on the test's stores. Nothing runs but within `run_until_empty`."""

    settings: JobsSettings
    tasks: TaskTable
    submitter: Submitter
    finder: JobFinder
    leases: Leases

    async def submit(self, task: str, args: Mapping[str, Any] | None = None, **more: Any) -> Job:  # noqa: ANN401  fields of a Submission
        """Accept a job, as POST /api/jobs does; `more` are its other fields, such as `priority` and `delay_s`.

        Raises InvalidInputError, and QuotaError.
        """
        given = {"owner": _OWNER, **more}
        return (await self.submitter.submit(Submission(task=task, args=args or {}, **given))).job

    async def job(self, job_id: str) -> Job:
        """Give a job as it is now: its state, result, error and tries. Raises NotFoundError."""
        job = await self.finder.get(job_id)
        if job is None:
            raise NotFoundError(f"there is no job {job_id}")
        return job

    async def run_until_empty(self, *, within_s: float = 60.0) -> None:
        """Run jobs, also those that wait for their time or another try, until no queue of these tasks has any left.

        Raises TimeoutError where that takes longer than `within_s` seconds: what runs then is handed back.
        """
        stopping = asyncio.Event()
        slots = dict.fromkeys(self.tasks.queues, _SLOTS)
        serving = asyncio.create_task(serve(self.settings, self.tasks, slots, with_steward=True, stopping=stopping))
        emptied = asyncio.create_task(self._emptied())
        try:
            async with asyncio.timeout(within_s):
                await asyncio.wait([serving, emptied], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.set()
            await cancel_until_ended([emptied], again_s=_PATIENCE_S)
            await serving
        emptied.result()

    async def _emptied(self) -> None:
        """Return once nothing is left; raises StoreUnavailableError."""
        while True:
            left = [queue for queue in self.tasks.queues if await self.leases.is_anything_left(queue)]
            if not left:
                return
            await asyncio.sleep(_LOOK_S)


@asynccontextmanager
async def open_harness(
    tasks: Sequence[Task], *, database_url: str, redis_url: str, **settings: str
) -> AsyncIterator[Harness]:
    """Open the stores of a test; `settings` are others of the engine by their names, `JOBS_DATA_DIR="..."`.

    The database has the schema of `python -m app migrate`. Both are the test's own: whatever jobs of these tasks are in
    them are run too. Raises SettingsError and TaskTableError.
    """
    environ = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "JOBS_DRAIN_S": "0", **settings}
    read, table = load_settings(environ), TaskTable(tasks)
    database = await Database.open(database_url, size=4, patience_s=_PATIENCE_S, answer_s=None)
    redis = connect_redis(redis_url, patience_s=_PATIENCE_S)
    try:
        await Quotas(QuotaStore(database, redis, tiers=read.quotas, patience_s=_PATIENCE_S), database=database).copy()
        jobs, queue = JobStore(database), Queue(redis, patience_s=_PATIENCE_S, step_ms=read.step_ms)
        timing = Timing(lease_ms=read.lease_ms, renew_ms=read.renew_ms, step_ms=read.step_ms)
        yield Harness(
            settings=read,
            tasks=table,
            submitter=Submitter(tasks=table, database=database, jobs=jobs, queue=queue, turn_s=read.turn_ms / 1000),
            finder=JobFinder(jobs=jobs, queue=queue),
            leases=Leases(redis, redis, worker="harness", timing=timing, tasks=list(table)),
        )
    finally:
        await redis.aclose(close_connection_pool=True)
        await database.close()
