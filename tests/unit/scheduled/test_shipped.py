"""The shipped timetable: what there is, when it is due, and what the settings change of it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from arq import cron
from arq.cron import CronJob

from jobs.amendments import Amendments
from jobs.errors import SettingsError, TaskTableError
from jobs.model import SYSTEM_OWNERS
from jobs.settings import JobsSettings, load_settings
from jobs.submission import Submission, checked
from jobs.tasks.table import QUEUES, task_table, timetable_of
from jobs.timetable import Timetable

STORES = {"DATABASE_URL": "postgresql://localhost/x", "REDIS_URL": "redis://localhost"}
_MORNING = datetime(2026, 3, 3, 8, 59, 59, tzinfo=UTC)


_ANY = "asyncio.sleep"  # what arq is asked is when it would run it

# As arq would be told of them.
_AS_ARQ: dict[str, CronJob] = {
    **{f"canary.{queue}": cron(_ANY) for queue in QUEUES},
    "check_low_stock": cron(_ANY, hour={0, 6, 12, 18}, minute=0),
    "backup_database": cron(_ANY, hour=3, minute=0),
    "prune_history": cron(_ANY, minute=0),
    "sync_pending_files": cron(_ANY, minute={0, 15, 30, 45}),
}


def _settings(**more: str) -> JobsSettings:
    return load_settings({**STORES, **more})


def _timetable(**more: str) -> Timetable:
    settings = _settings(**more)
    return timetable_of(settings, task_table(settings))


def test_they_are_there_without_any_setting() -> None:
    """Each names a task that there is, else the start would fail."""
    timetable = _timetable()
    assert set(timetable) | set(timetable.off) == set(_AS_ARQ)
    assert [name for name in timetable if name.startswith("canary")] == [f"canary.{queue}" for queue in QUEUES]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
@pytest.mark.parametrize("name", _AS_ARQ)
def test_they_are_due_when_arq_s_cron_would_be(name: str, zone: str) -> None:
    """In the time zone of the settings, for a row of times."""
    schedule = _timetable(JOBS_TIMEZONE=zone, JOBS_BACKUP_DIR="backups")[name]
    job = _AS_ARQ[name]
    job.microsecond = 0
    after = _MORNING.astimezone(ZoneInfo(zone))
    for due in (time for _, time in zip(range(5), schedule.times_after(_MORNING), strict=False)):
        job.calculate_next(after)
        assert job.next_run == due
        after = job.next_run


def test_each_can_be_moved_and_switched_off() -> None:
    """By name; `canary` stands for all of them, `off` for everything that is not named."""
    timetable = _timetable(JOBS_TIMETABLE="prune_history=30 2 * * 1 ; canary=off; canary.scheduled=*/5 * * * *")
    assert timetable["prune_history"].cron == "30 2 * * 1"
    assert timetable["canary.scheduled"].cron == "*/5 * * * *"
    assert set(timetable.off) >= {"canary.data_sync", "canary.data_processing"}
    assert "JOBS_TIMETABLE" in timetable.off["canary.data_sync"]
    assert list(_timetable(JOBS_TIMETABLE="off")) == []
    assert list(_timetable(JOBS_TIMETABLE="off; prune_history=0 0 * * *")) == ["prune_history"]


def test_the_canary_is_in_each_queue_of_the_site() -> None:
    """Also in one of its own tasks."""
    timetable = _timetable(JOBS_TASKS="tests.support.tasks:TASKS")
    names = {name.removeprefix("canary.") for name in timetable if name.startswith("canary")}
    settings = _settings(JOBS_TASKS="tests.support.tasks:TASKS")
    assert names == set(task_table(settings).queues)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prune_history", "name=off"),
        ("prune_history=0 3", "MINUTE HOUR DAY"),
        ("=off", "name=off"),
        ("canary=off; canary=off", "named twice"),
    ],
)
def test_a_text_that_cannot_be_read_stops_the_start(text: str, said: str) -> None:
    """With the mend."""
    with pytest.raises(SettingsError, match=f"JOBS_TIMETABLE: .*{said}"):
        _settings(JOBS_TIMETABLE=text)


def test_a_change_of_what_is_not_there_stops_the_start() -> None:
    """It names those that there are; an expression that is wrong is named by its schedule."""
    with pytest.raises(TaskTableError, match=r"no shipped schedule prune; there are: canary, .*prune_history"):
        _timetable(JOBS_TIMETABLE="prune=off")
    with pytest.raises(TaskTableError, match=r"schedule prune_history: cron: .*61"):
        _timetable(JOBS_TIMETABLE="prune_history=61 * * * *")
    with pytest.raises(SettingsError, match="JOBS_TIMEZONE: there is no time zone 'Nowhere'"):
        _settings(JOBS_TIMEZONE="Nowhere")


def test_a_change_is_printed_as_it_is_read() -> None:
    """So the table of settings can show it."""
    text = "off; canary=off; prune_history=0 0 * * *"
    assert str(Amendments.parse(text)) == text
    assert str(Amendments()) == ""


def test_their_tasks_are_submitted_by_nobody() -> None:
    """An administrator runs the schedule instead: else anybody could push good backups out by new ones."""
    tasks = task_table(_settings())
    for schedule in _timetable().values():
        assert tasks[schedule.task].system_only
        with pytest.raises(Exception, match="runs on its schedule only"):
            checked(Submission(task=schedule.task, args={}, owner="admin"), tasks)
        for owner in SYSTEM_OWNERS:
            assert checked(Submission(task=schedule.task, args={}, owner=owner), tasks).owner == owner
