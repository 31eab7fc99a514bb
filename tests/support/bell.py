"""Both stores, and the stewards' duty that fires schedules, in the test's own event loop."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis.asyncio import Redis

from jobs import keys
from jobs.fire import Firer
from jobs.schedule import Schedule
from jobs.stores.both import Both
from jobs.stores.database import Database, Row
from jobs.stores.redis import connect_redis
from jobs.stores.schedules import ScheduleStore
from jobs.submit import Submitter
from jobs.timetable import Timetable
from tests.support.both import both_of
from tests.support.conditions import PATIENCE_S
from tests.support.site import tasks_of


def half_past(**more: str) -> Schedule:
    """Declare a schedule that was due half an hour ago, and each hour before."""
    minute = (datetime.now(UTC) - timedelta(minutes=30)).minute
    return Schedule(**{"name": "hourly", "task": "diag.noop", "cron": f"{minute} * * * *"} | more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """Both stores, and firers of any timetable."""

    environ: Mapping[str, str]
    database: Database
    redis: Redis
    both: Both

    def firer(self, *schedules: Schedule) -> Firer:
        """Give what fires these, as a steward of its own."""
        tasks = tasks_of(self.environ)
        submitter = Submitter(
            tasks=tasks, database=self.database, jobs=self.both.jobs, queue=self.both.queue, turn_s=30
        )
        return Firer(Timetable(schedules, tasks), database=self.database, jobs=self.both.jobs, submitter=submitter)

    async def enroll(self, schedules: Iterable[Schedule], *, takes_over: bool = True) -> None:
        """Let the table know of them, as a steward does that starts, or has run for a while."""
        await ScheduleStore(self.database).enroll(list(schedules), takes_over=takes_over)

    async def set_back(self, name: str, *, hours: float) -> None:
        """Let the time when a schedule is due lie so far in the past."""
        await self.database.execute(
            "UPDATE schedules SET next_due_at = next_due_at - make_interval(secs => $2) WHERE name = $1",
            name,
            3600.0 * hours,
        )

    async def row(self, name: str) -> Row:
        """Give a row."""
        (row,) = await self.database.fetch("SELECT *, now() AS now FROM schedules WHERE name = $1", name)
        return row

    async def jobs(self) -> list[Row]:
        """Give all jobs in the order of their due times."""
        return await self.database.fetch("SELECT * FROM jobs ORDER BY run_at, id")

    async def in_line(self) -> set[str]:
        """Give the ids of what Redis has in line."""
        return {job_id.decode() for job_id in await self.redis.zrange(keys.queue("data_sync"), 0, -1)}


@asynccontextmanager
async def bell_of(environ: Mapping[str, str], database: Database) -> AsyncIterator[Bell]:
    """Open the doors."""
    redis = connect_redis(environ["REDIS_URL"], patience_s=PATIENCE_S)
    try:
        yield Bell(
            environ=environ, database=database, redis=redis, both=both_of(database, redis, patience_s=PATIENCE_S)
        )
    finally:
        await redis.aclose(close_connection_pool=True)
