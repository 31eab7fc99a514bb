"""The facade of what runs by itself, which the API is handed: alerts, canaries, and figures for the metrics."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from jobs.schedule import Schedule
from jobs.stores.database import Database
from jobs.stores.schedules import ScheduleRow, ScheduleStore
from jobs.tasks.scheduled.alerts import Alert, AlertFilter, AlertKind, AlertStore
from jobs.tasks.scheduled.backup import BACKUP_DATABASE
from jobs.tasks.scheduled.canary import NAME as CANARY
from jobs.tasks.scheduled.records import BackupRecords, LastBackup
from jobs.timetable import OWNER, Timetable

_SILENT_S = 300.0  # beyond the time between two canaries: so long may a queue be busy, and a site be restarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """How long ago a queue's canary came back, None where none has; and whether that is so long that it stands still.

    A queue whose steward has not yet fired for that long is not said to stand still.
    """

    queue: str
    age_s: float | None
    is_silent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Open alerts by kind; the newest backup, None where there is none; and whether this site makes any."""

    open_alerts: Mapping[AlertKind, int]
    backup: LastBackup | None
    makes_backups: bool


class Rows(Protocol):
    """What tells how schedules stand, as `jobs.planned.Planned` does."""

    async def rows(self, names: Sequence[str]) -> Sequence[ScheduleRow]:
        """Say it of these, in this order."""


class Upkeep:
    """All calls raise StoreUnavailableError while PostgreSQL is away."""

    def __init__(self, database: Database, *, timetable: Timetable, planned: Rows) -> None:
        self._alerts = AlertStore(database)
        self._records = BackupRecords(database)
        self._planned = planned
        self._canaries = {one.name: one for one in timetable.values() if one.task == CANARY}
        self._makes_backups = any(one.task == BACKUP_DATABASE.name for one in timetable.values())

    async def alerts(self, wanted: AlertFilter, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Alert]:
        """List alerts, the one opened last first."""
        return await self._alerts.page(wanted, before=before, limit=limit)

    async def canaries(self) -> Sequence[Canary]:
        """Say of each queue that has one how it does."""
        return self.canaries_in(await self._planned.rows(list(self._canaries)) if self._canaries else ())

    def canaries_in(self, rows: Iterable[ScheduleRow]) -> Sequence[Canary]:
        """Say the same of those queues whose canaries are among rows that have been read."""
        canaries = []
        for row in rows:
            if (schedule := self._canaries.get(row.name)) is None:
                continue
            times = row.fired + row.missed + row.overlapped
            longest_s = _SILENT_S + _period_s(schedule)
            canaries.append(
                Canary(
                    queue=schedule.queue or schedule.name,
                    age_s=None if math.isinf(row.since_success_s) else round(row.since_success_s, 3),
                    is_silent=row.since_success_s > longest_s and times * _period_s(schedule) > longest_s,
                )
            )
        return canaries

    async def figures(self) -> Figures:
        """Count."""
        return Figures(
            open_alerts=await self._alerts.open(),
            backup=await self._records.last(),
            makes_backups=self._makes_backups,
        )


async def look_for_canaries(database: Database, timetable: Timetable) -> Sequence[Canary]:
    """Say of each queue how its canary does, to who has nothing but PostgreSQL: an operator's command."""
    return await Upkeep(database, timetable=timetable, planned=_Stored(ScheduleStore(database))).canaries()


class _Stored:
    """The rows alone."""

    def __init__(self, store: ScheduleStore) -> None:
        self._store = store

    async def rows(self, names: Sequence[str]) -> Sequence[ScheduleRow]:
        return await self._store.all(names, owner=OWNER)


def _period_s(schedule: Schedule) -> float:
    first = schedule.next_after(datetime.now(UTC))
    return (schedule.next_after(first) - first).total_seconds()
