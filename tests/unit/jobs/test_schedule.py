"""When a schedule is due, what came due, and which declarations are refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobs.errors import TaskTableError
from jobs.model import SYSTEM_OWNERS
from jobs.registry import Task, TaskTable, load_list
from jobs.schedule import MOST_COUNTED, ON_TIME_S, Schedule, due_of
from jobs.settings import load_settings
from jobs.tasks.table import task_table, timetable_of
from jobs.timetable import Timetable, run_of

GOOD = {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def work(amount: int) -> None:
    """Do nothing."""


TASKS = TaskTable([Task(name="work", function=work, queue="q")])


def every(**more: Any) -> Schedule:  # noqa: ANN401  the fields of Schedule
    """Declare a schedule for full hours, unless more says otherwise."""
    return Schedule(**{"name": "work", "task": "work", "args": {"amount": 1}, "cron": "0 * * * *"} | more)


def times(schedule: Schedule, after: str, amount: int) -> list[str]:
    """Give so many due times, in UTC."""
    moment, found = datetime.fromisoformat(after), []
    for _ in range(amount):
        moment = schedule.next_after(moment)
        found.append(f"{moment:%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        # 29 March 2026, 02:00 in Berlin is 03:00: what is due in the hour that is not there is due right after it.
        ("30 2 * * *", "2026-03-28T12:00Z", ["29 01:00", "30 00:30"]),
        ("15,45 2 * * *", "2026-03-28T12:00Z", ["29 01:00", "30 00:15"]),
        ("0 2,3 * * *", "2026-03-28T12:00Z", ["29 01:00", "30 00:00"]),
        ("*/30 * * * *", "2026-03-29T00:15Z", ["29 00:30", "29 01:00", "29 01:30"]),
        # 25 October 2026, 03:00 in Berlin is 02:00 again: the first time counts, but for what goes by the minutes.
        ("30 2 * * *", "2026-10-24T12:00Z", ["25 00:30", "26 01:30"]),
        ("30 2 * * *", "2026-10-25T00:45Z", ["26 01:30"]),
        ("0 * * * *", "2026-10-24T23:30Z", ["25 00:00", "25 01:00", "25 02:00"]),
        ("*/30 2 * * *", "2026-10-24T12:00Z", ["25 00:00", "25 00:30", "25 01:00", "25 01:30", "26 01:00"]),
    ],
)
def test_clocks_that_are_changed(cron: str, after: str, expected: list[str]) -> None:
    """Nothing at a fixed time is left out or doubled; what runs all the time runs on."""
    assert times(every(cron=cron, timezone="Europe/Berlin"), after, len(expected)) == expected


def test_every_so_many_seconds_is_a_grid_that_all_see_alike() -> None:
    """Whole multiples since 1970, whenever somebody began to look."""
    assert times(every(cron=None, every_s=5400), "2026-06-01T10:29:59Z", 2) == ["01 10:30", "01 12:00"]
    assert times(every(cron=None, every_s=5400), "2026-06-01T10:30:00Z", 1) == ["01 12:00"]


def due(schedule: Schedule, *, first: datetime, now: datetime) -> tuple[datetime, int, bool]:
    """Judge; the time after it is the next in any case."""
    found = due_of(schedule, first=first, now=now)
    assert found.next_at == schedule.next_after(now)
    return found.at, found.missed, found.runs


@pytest.mark.parametrize("make_up", ["one", "none"])
def test_what_is_due_now_runs(make_up: str) -> None:
    """Also if somebody has come a little late for it."""
    schedule = every(make_up=make_up)
    for late in (timedelta(0), timedelta(seconds=ON_TIME_S)):
        assert due(schedule, first=NOON, now=NOON + late) == (NOON, 0, True)


@pytest.mark.parametrize(("make_up", "runs"), [("one", True), ("none", False)])
def test_what_was_missed_is_made_up_for_once_or_not_at_all(make_up: str, runs: bool) -> None:  # noqa: FBT001
    """However much it was."""
    schedule = every(make_up=make_up)
    assert due(schedule, first=NOON, now=NOON + 2 * MINUTE) == (NOON, 1, runs)
    assert due(schedule, first=NOON - 5 * HOUR, now=NOON + 2 * MINUTE) == (NOON, 6, runs)


@pytest.mark.parametrize("make_up", ["one", "none"])
def test_a_run_on_time_is_all_that_comes_after_a_gap(make_up: str) -> None:
    """What was missed before it needs no run of its own."""
    assert due(every(make_up=make_up), first=NOON - 5 * HOUR, now=NOON) == (NOON, 5, True)


def test_a_year_of_seconds_is_judged_at_once() -> None:
    """More than ten thousand are not counted."""
    schedule = every(cron=None, every_s=1)
    assert due(schedule, first=NOON - timedelta(days=365), now=NOON) == (NOON, MOST_COUNTED - 1, True)


def test_a_time_that_is_on_no_grid_any_more_counts() -> None:
    """The time zones have another edition since it was written down."""
    first = NOON + timedelta(minutes=7)
    assert due(every(make_up="one"), first=first, now=first + 2 * MINUTE) == (first, 1, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "Nightly"}, "name: is lower case"),
        ({"name": "x" * 101}, "name: is lower case"),
        ({"cron": None}, "cron: give either"),
        ({"every_s": 5}, "cron: give either"),
        ({"cron": None, "every_s": 0}, "every_s: is from 1"),
        ({"cron": "* * * *"}, "cron: .*five fields"),
        ({"cron": "* * * * * *"}, "cron: .*five fields"),
        ({"cron": "0 25 * * *"}, "cron: .*bad hour"),
        ({"cron": "0 0 31 2 *"}, "cron: .*bad day"),
        ({"cron": "0 0 */31 * MON#5"}, "cron: .*never due"),
        ({"timezone": "Europe/Nowhere"}, "timezone: there is no"),
        ({"timezone": "Europe"}, "timezone: there is no"),
        ({"cron": None, "every_s": 5, "timezone": "Europe/Berlin"}, "timezone: is for cron"),
        ({"make_up": "all"}, "make_up: is one or none"),
        ({"overlap": "queue"}, "overlap: is skip or allow"),
        ({"task": "wrok"}, "task: there is no task 'wrok'"),
        ({"args": {}}, "args/amount: is missing"),
        ({"args": {"amount": "1"}}, "args/amount: "),
        ({"queue": "r"}, "queue: task work runs on: q"),
        ({"priority": 11}, "priority: must be"),
        ({"timeout_s": 0}, "timeout_s: must be"),
        ({"max_tries": 0}, "max_tries: must be"),
        ({"expires_in_s": -1}, "expires_in_s: must be"),
    ],
)
def test_a_declaration_that_could_not_run_is_refused(changes: dict[str, Any], says: str) -> None:
    """At the start of the process, with schedule and field."""
    with pytest.raises(TaskTableError, match=f"^schedule .*: {says}"):
        Timetable([every(**changes)], TASKS)


def test_all_mistakes_are_listed_at_once() -> None:
    """Nobody mends one after the other."""
    with pytest.raises(TaskTableError) as caught:
        Timetable([every(cron="x", args={}), every(task="wrok")], TASKS)
    assert len(str(caught.value).splitlines()) == 4


def test_a_run_is_a_job_of_the_system() -> None:
    """Its key keeps a second one away, unless they may overlap; `run_at` tells it what it is for."""
    run = run_of(every(), due=NOON)
    assert run.owner in SYSTEM_OWNERS
    assert (run.run_at, run.unique_key, run.tags) == (NOON, "schedule:work", ("schedule:work",))
    assert run_of(every(overlap="allow")).unique_key is None


def test_schedules_of_ones_own_are_loaded() -> None:
    """By JOBS_SCHEDULES, beside the shipped ones."""
    settings = load_settings({**GOOD, "JOBS_DIAGNOSTICS": "1", "JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"})
    names = list(timetable_of(settings, task_table(settings)))
    assert names[-2:] == ["often", "nap"]
    assert "canary.data_sync" in names
    with pytest.raises(TaskTableError, match=r"JOBS_SCHEDULES: .*jobs\.schedule\.Schedule"):
        load_list("jobs.tasks.table:TASKS", Schedule, setting="JOBS_SCHEDULES")
