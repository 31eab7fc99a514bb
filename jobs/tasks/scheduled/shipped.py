"""The shipped timetable: what runs by itself without any setting, and what the settings change of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.amendments import OFF, Amendments
from jobs.errors import TaskTableError
from jobs.schedule import Schedule
from jobs.settings import JobsSettings
from jobs.tasks.scheduled.canary import NAME as CANARY
from jobs.tasks.scheduled.canary import canary_schedules

# Each in five fields, read in JOBS_TIMEZONE.
SCHEDULES: tuple[Schedule, ...] = (
    Schedule(name="check_low_stock", task="check_low_stock", cron="0 */6 * * *", make_up="one"),
    Schedule(name="backup_database", task="backup_database", cron="0 3 * * *", make_up="one", priority=8),
    Schedule(name="sync_pending_files", task="sync_pending_files", cron="*/15 * * * *"),
    Schedule(name="prune_history", task="prune_history", cron="0 * * * *", priority=3),
)

_SAYS_SO = "JOBS_TIMETABLE says so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """The schedules that run, and why the others do not, by name."""

    schedules: Sequence[Schedule]
    off: Mapping[str, str]


def shipped(settings: JobsSettings, queues: Sequence[str]) -> Shipped:
    """Give the shipped schedules of a site that has these queues, as its settings have them.

    Raises TaskTableError where they change one that is not there.
    """
    amendments, timezone = settings.timetable, settings.timezone
    declared = (
        *canary_schedules(queues, timezone=timezone),
        *(replace(schedule, timezone=timezone) for schedule in SCHEDULES),
    )
    _check(amendments, declared)
    missing = _missing(settings)
    run: list[Schedule] = []
    off: dict[str, str] = {}
    for schedule in declared:
        rule = _rule_of(schedule.name, amendments)
        if rule == OFF:
            off[schedule.name] = _SAYS_SO
        elif schedule.name in missing:
            off[schedule.name] = missing[schedule.name]
        else:
            run.append(schedule if rule is None else replace(schedule, cron=rule))
    return Shipped(schedules=run, off=off)


def _rule_of(name: str, amendments: Amendments) -> str | None:
    """Give what is said of a schedule: of itself, else of all canaries if it is one, else of all; None: nothing."""
    for said_of in (name, name.partition(".")[0]):
        if said_of in amendments.changes:
            return amendments.changes[said_of]
    return OFF if amendments.all_off else None


def _check(amendments: Amendments, declared: Sequence[Schedule]) -> None:
    known = [CANARY, *(schedule.name for schedule in declared)]
    unknown = [name for name in amendments.changes if name not in known]
    if unknown:
        raise TaskTableError(
            f"JOBS_TIMETABLE: there is no shipped schedule {', '.join(unknown)}; there are: {', '.join(known)}"
        )


def _missing(settings: JobsSettings) -> Mapping[str, str]:
    """Say which schedules need a setting that is not there."""
    return {"backup_database": "JOBS_BACKUP_DIR is not set"} if settings.backup_dir is None else {}
