"""What the users of a site see of its schedules, and a run out of turn. When they are due is the stewards' business."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from jobs.audit import Actor
from jobs.errors import NotFoundError, StoreUnavailableError
from jobs.find import JobFinder
from jobs.model import Job
from jobs.schedule import Schedule
from jobs.stores.schedules import ScheduleRow, ScheduleStore
from jobs.submit import Submitted, Submitter
from jobs.timetable import OWNER, Timetable, run_of

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A schedule, how it stands, and its latest job, which is None where there was none or it is not kept any more."""

    schedule: Schedule
    row: ScheduleRow
    last_job: Job | None


class Planned:
    """The schedules that are declared here; rows of others are not shown."""

    def __init__(self, timetable: Timetable, *, store: ScheduleStore, submitter: Submitter, finder: JobFinder) -> None:
        self._timetable = timetable
        self._store = store
        self._submitter = submitter
        self._finder = finder

    async def rows(self, names: Sequence[str] | None = None) -> Sequence[ScheduleRow]:
        """Say how each stands, or each of these, without its job. Raises StoreUnavailableError."""
        wanted = list(self._timetable) if names is None else list(names)
        return await self._store.all(wanted, owner=OWNER) if wanted else ()

    async def all(self) -> list[Plan]:
        """Give all of them in the order of declaration. Raises StoreUnavailableError."""
        rows = await self.rows()
        jobs = await asyncio.gather(*(self._job(row.last_job_id) for row in rows))
        return [
            Plan(schedule=self._timetable[row.name], row=row, last_job=job) for row, job in zip(rows, jobs, strict=True)
        ]

    async def run(self, name: str, *, by: Actor) -> Submitted:
        """Submit a run now; where its former one is unfinished and must not be overlapped, give that one.

        Its times are not moved. Who wanted it is written down, unless PostgreSQL is away. Raises NotFoundError, and
        StoreUnavailableError where both stores are away.
        """
        schedule = self._timetable.get(name)
        if schedule is None:
            if name in self._timetable.off:
                raise NotFoundError(f"the schedule {name} is off: {self._timetable.off[name]}")
            known = ", ".join(self._timetable) or "none"
            raise NotFoundError(f"there is no schedule {name}; there are: {known}")
        submitted = await self._submitter.submit(run_of(schedule))
        if submitted.is_new:
            await self._note(name, submitted.job, by)
        return submitted

    async def _note(self, name: str, job: Job, by: Actor) -> None:
        try:
            await self._store.note_run(name, job.id, by=by)
        except StoreUnavailableError as error:
            log.warning("schedule_run_not_noted", schedule=name, job=job.id, reason=str(error))

    async def _job(self, job_id: str | None) -> Job | None:
        return None if job_id is None else await self._finder.get(job_id)
