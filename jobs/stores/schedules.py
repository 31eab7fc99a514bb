"""The `schedules` table: when each was due and will be. Its rows say who may fire, and its clock what time it is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jobs.audit import Action, Actor, Deed
from jobs.schedule import Due, Schedule
from jobs.stores.audit import note
from jobs.stores.database import Connection, Database, Row
from jobs.stores.queries import load_queries

LET_GO_S = 30.0  # after so long without a sign of a rule's stewards, those of another rule take over
FORGOTTEN_S = 3600.0  # after so long without one of a schedule's stewards, it begins anew when it is declared again

_LOOKED_AT = 100  # of a schedule's jobs, from the latest on, for one that has succeeded
_SQL = load_queries(Path(__file__).with_suffix(".sql"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """How a schedule stands. `next_due_at` is None where no steward has seen it yet.

    `fired` counts the jobs that were accepted for it when it was due, `missed` the due times at which nobody was there,
    `overlapped` those at which its former job was unfinished. `last_job_id` may also be a run out of turn.
    `since_success_s` is how long ago one of its jobs has succeeded; infinite where none of the last hundred has.
    """

    name: str
    next_due_at: datetime | None = None
    last_due_at: datetime | None = None
    last_job_id: str | None = None
    fired: int = 0
    missed: int = 0
    overlapped: int = 0
    overdue_s: float = 0.0
    since_success_s: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A schedule that is due, and that nobody else fires before the transaction ends."""

    first_due_at: datetime
    now: datetime


class ScheduleStore:
    """All calls raise StoreUnavailableError while PostgreSQL is away. Times are those of its clock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> datetime:
        """Give the time."""
        (row,) = await self._database.fetch(_SQL["now"])
        now: datetime = row["now"]
        return now

    async def enroll(self, schedules: Sequence[Schedule], *, takes_over: bool) -> None:
        """Write down which schedules there are; new ones, and those whose rule has changed, count from now.

        While stewards of two versions run, a row follows the rule of whoever started last, with `takes_over`, and that
        of the others once there is none of those left. What nobody has declared for an hour is dropped.
        """
        now = await self.now()
        told = [{"name": one.name, "rule": one.rule, "next_due_at": one.next_after(now)} for one in schedules]
        await self._database.execute(_SQL["enroll"], told, takes_over, LET_GO_S)
        await self._database.execute(_SQL["drop_unseen"], [one.name for one in schedules], FORGOTTEN_S)

    async def upcoming(self, schedules: Sequence[Schedule]) -> Mapping[str, float]:
        """Give in how many seconds each is due; those whose rule is another's just now are not among them."""
        told = [{"name": one.name, "rule": one.rule} for one in schedules]
        return {row["name"]: row["in_s"] for row in await self._database.fetch(_SQL["upcoming"], told)}

    async def take(self, schedule: Schedule, *, connection: Connection) -> Taken | None:
        """Take what is due, for this transaction; None where it is not due any more, or somebody else is at it."""
        row = await connection.fetch_row(_SQL["take"], schedule.name, schedule.rule)
        return None if row is None else Taken(first_due_at=row["next_due_at"], now=row["now"])

    async def advance(
        self, name: str, due: Due, *, job_id: str | None, is_overlapped: bool, connection: Connection
    ) -> None:
        """Move a schedule that was taken on to its next time; `job_id` is what was accepted for it, if anything was."""
        await connection.execute(_SQL["advance"], name, due.next_at, due.missed, job_id, due.at, is_overlapped)

    async def note_run(self, name: str, job_id: str, *, by: Actor) -> None:
        """Note the latest job of a schedule, one out of turn, and who wanted it; its times stay as they are."""
        deed = Deed(actor=by, action=Action.SCHEDULE_RUN, object_id=name, details={"job_id": job_id})
        async with self._database.transaction() as connection:
            await connection.execute(_SQL["note_run"], name, job_id)
            await note(deed, connection=connection)

    async def all(self, names: Sequence[str], *, owner: str) -> list[ScheduleRow]:
        """Give how these schedules, whose jobs are this owner's, stand, in this order."""
        found = {row["name"]: row for row in await self._database.fetch(_SQL["all"], list(names), _LOOKED_AT, owner)}
        return [_row(found[name]) if name in found else ScheduleRow(name=name) for name in names]


def _row(row: Row) -> ScheduleRow:
    return ScheduleRow(
        name=row["name"],
        next_due_at=row["next_due_at"],
        last_due_at=row["last_due_at"],
        last_job_id=row["last_job_id"],
        fired=row["fired"],
        missed=row["missed"],
        overlapped=row["overlapped"],
        overdue_s=row["overdue_s"],
        since_success_s=math.inf if row["since_success_s"] is None else row["since_success_s"],
    )
