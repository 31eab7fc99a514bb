"""The cursors of lists: what they stand for comes back, and nothing else is taken for one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cursors import Place, read_cursor, write_cursor


@given(at=st.datetimes(timezones=st.just(UTC)), item_id=st.text(st.characters(codec="utf-8"), max_size=100))
def test_a_place_comes_back_to_the_microsecond(at: datetime, item_id: str) -> None:
    """Whatever the id; the cursor can stand in a URL as it is."""
    cursor = write_cursor(at, item_id)
    assert read_cursor(cursor) == Place(at, item_id)
    assert cursor.replace("-", "").replace("_", "").isalnum()


def test_other_time_zones_are_the_same_moment() -> None:
    """The place is told in UTC."""
    at = datetime.fromisoformat("2026-01-31T12:00:00.000001+02:00")
    assert read_cursor(write_cursor(at, 7)) == Place(at.astimezone(UTC), "7")


@given(st.text(max_size=60))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    """Nothing else happens, and no place has two cursors."""
    try:
        place = read_cursor(text)
    except ValueError:
        return
    assert write_cursor(*place) == text


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=-1)])
def test_the_last_moment_is_one(late: timedelta) -> None:
    """Ids that look like more do not matter."""
    at = datetime.max.replace(tzinfo=UTC) + late
    assert read_cursor(write_cursor(at, "1 2 3")) == Place(at, "1 2 3")
