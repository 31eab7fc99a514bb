"""Due times are the same from wherever one looks, also where clocks are changed."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.schedule import Schedule, due_of

# A change of clocks by an hour in spring and in autumn, one at midnight, and none.
CHANGES = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ("Asia/Tokyo", datetime(2026, 3, 29, 1, tzinfo=UTC)),
)


def field(longest: int) -> st.SearchStrategy[str]:
    """Give a minute's or an hour's field."""
    numbers = st.integers(0, longest)
    return st.one_of(
        st.just("*"),
        numbers.map(str),
        st.integers(1, longest).map(lambda step: f"*/{step}"),
        st.lists(numbers, min_size=1, max_size=3).map(lambda some: ",".join(map(str, some))),
    )


CRONS = st.tuples(field(59), st.one_of(field(23), st.sampled_from(["0", "1", "2", "1,2,3"]))).map(
    lambda fields: f"{fields[0]} {fields[1]} * * *"
)
SECONDS = st.integers(-6 * 3600, 6 * 3600)


def between(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Give the due times after the start, up to the end."""
    return list(takewhile(lambda time: time <= end, schedule.times_after(start)))


@settings(deadline=None)
@given(CRONS, st.sampled_from(CHANGES), SECONDS, SECONDS)
def test_due_times_do_not_depend_on_where_one_begins(
    cron: str, change: tuple[str, datetime], one: int, other: int
) -> None:
    """Stewards that begin at different moments see the same ones, each later than the one before."""
    timezone, at = change
    schedule = Schedule(name="s", task="t", cron=cron, timezone=timezone)
    early, late = (at + timedelta(seconds=seconds) for seconds in sorted((one, other)))
    end = at + timedelta(hours=12)
    seen = between(schedule, early, end)
    assert seen == sorted(set(seen))
    assert [time for time in seen if time > late] == between(schedule, late, end)


@settings(deadline=None)
@given(CRONS, st.sampled_from(CHANGES), SECONDS, SECONDS)
def test_what_came_due_is_the_latest_of_all(cron: str, change: tuple[str, datetime], one: int, other: int) -> None:
    """And all others of the gap are counted."""
    timezone, at = change
    schedule = Schedule(name="s", task="t", cron=cron, timezone=timezone)
    early, now = (at + timedelta(seconds=seconds) for seconds in sorted((one, other)))
    seen = between(schedule, early, now)
    if not seen:
        return
    due = due_of(schedule, first=seen[0], now=now)
    assert (due.at, due.next_at) == (seen[-1], schedule.next_after(now))
    assert due.missed == len(seen) - due.runs
