"""Fires what the timetable says: a due time is moved on and its job is accepted by one transaction, or neither is."""

import asyncio

import structlog

from jobs.errors import StoreUnavailableError
from jobs.ids import job_id_of
from jobs.model import Job
from jobs.schedule import Due, Schedule, due_of
from jobs.stores.database import Connection, Database
from jobs.stores.jobs import JobStore
from jobs.stores.schedules import ScheduleStore
from jobs.submit import Submitter
from jobs.timetable import Timetable, run_of

_ENROLL_S = 10.0
_LONGEST_SLEEP_S = 5.0
_SHORTEST_SLEEP_S = 0.05
_AGAIN_S = 1.0

log = structlog.stdlib.get_logger(__name__)


class Firer:
    """A loop that any number of stewards may run at once: a lease would only say who is first.

    Who fires a schedule holds its row, and PostgreSQL's clock says whether it is due; the others find it moved on. The
    id of a job is made of the schedule's name and the due time, so that even a row that was put back, as from a backup,
    leads to no second run. What is accepted and not put in line, the recoverer puts there.
    """

    def __init__(self, timetable: Timetable, *, database: Database, jobs: JobStore, submitter: Submitter) -> None:
        self._schedules = tuple(timetable.values())
        self._store = ScheduleStore(database)
        self._database = database
        self._jobs = jobs
        self._submitter = submitter
        self._enroll_at: float | None = None

    async def run(self) -> None:
        """Fire until cancelled. A store that is away is no reason to stop; what it has made miss is judged then."""
        while True:
            pause_s = _AGAIN_S
            try:
                pause_s = await self.look()
            except StoreUnavailableError as error:
                log.warning("schedules_postponed", reason=str(error))
            await asyncio.sleep(pause_s)

    async def look(self) -> float:
        """Fire what is due; give the seconds after which to look again."""
        loop = asyncio.get_running_loop()
        if self._enroll_at is None or self._enroll_at <= loop.time():
            await self._store.enroll(self._schedules, takes_over=self._enroll_at is None)
            self._enroll_at = loop.time() + _ENROLL_S
        upcoming = dict(await self._store.upcoming(self._schedules))
        for schedule in self._schedules:
            if upcoming.get(schedule.name, _LONGEST_SLEEP_S) <= 0 and not await self._fired(schedule):
                upcoming[schedule.name] = _AGAIN_S
        soonest = min(upcoming.values(), default=_LONGEST_SLEEP_S)
        return min(max(soonest, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S)

    async def _fired(self, schedule: Schedule) -> bool:
        """Fire it; say whether that went without a fault of ours, which must not keep back the others."""
        try:
            await self.fire(schedule)
        except StoreUnavailableError:
            raise
        except Exception:
            log.exception("schedule_broke", schedule=schedule.name)
            return False
        return True

    async def fire(self, schedule: Schedule) -> Job | None:
        """Do what a schedule that is due needs; give the job that was accepted, if any was."""
        async with self._database.transaction() as connection:
            taken = await self._store.take(schedule, connection=connection)
            if taken is None:
                return None
            due = due_of(schedule, first=taken.first_due_at, now=taken.now)
            holder = await self._submitter.holder(run_of(schedule), connection=connection) if due.runs else None
            job = await self._accept(schedule, due, connection) if due.runs and holder is None else None
            await self._store.advance(
                schedule.name,
                due,
                job_id=None if job is None else job.id,
                is_overlapped=holder is not None,
                connection=connection,
            )
        _tell(schedule, due, job=job, holder=holder)
        return None if job is None else await self._submitter.enqueue(job)

    async def _accept(self, schedule: Schedule, due: Due, connection: Connection) -> Job | None:
        job_id = job_id_of(f"schedule:{schedule.name}", round(due.at.timestamp() * 1000))
        if await self._jobs.get(job_id, connection=connection):  # the clock or the row was put back
            return None
        return await self._submitter.accept(run_of(schedule, due=due.at), connection=connection, job_id=job_id)


def _tell(schedule: Schedule, due: Due, *, job: Job | None, holder: Job | None) -> None:
    name, due_at = schedule.name, due.at.isoformat()
    if due.missed:
        log.warning("schedule_missed", schedule=name, due_at=due_at, amount=due.missed, is_made_up=job is not None)
    if job is not None:
        log.info("schedule_fired", schedule=name, due_at=due_at, job=job.id)
    if holder is not None:
        log.info("schedule_overlapped", schedule=name, due_at=due_at, job=holder.id)
