"""A row's identity is the same whatever format it came in."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta

import pytest

from jobs.tasks.data_sync.identity import Cell, canonical, key_hash


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" 85123A\t", "85123A"),
        ("17850.0", "17850.0"),
        ("", ""),
        (None, ""),
        (536365, "536365"),
        (536365.0, "536365"),
        (-0.0, "0"),
        (2.55, "2.55"),
        (1e21, "1000000000000000000000"),
        (True, "TRUE"),
        (date(2010, 12, 1), "2010-12-01"),
        (datetime(2010, 12, 1), "2010-12-01"),  # noqa: DTZ001 - the cells of a sheet have no zone
        (datetime(2010, 12, 1, 8, 26), "2010-12-01 08:26:00"),  # noqa: DTZ001 - as above
        (datetime(2010, 12, 1, 8, 26, tzinfo=UTC), "2010-12-01 08:26:00+00:00"),
        (time(8, 26), "08:26:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        (float("inf"), "inf"),
    ],
)
def test_values_have_one_text(value: Cell, text: str) -> None:
    """Whole numbers, dates and padded texts get the text that the other format has."""
    assert canonical(value) == text


def test_the_formula_is_the_documented_one() -> None:
    """Other programs can make the same hash."""
    assert key_hash(["536365", " 85123A "]) == hashlib.sha256(b"6:5363656:85123A").digest()
    assert key_hash(["订单"]) == hashlib.sha256("2:订单".encode()).digest()


def test_csv_and_xlsx_give_one_identity() -> None:
    """An order number is the same as text and as Excel's number."""
    assert key_hash(["536365", "85123A"]) == key_hash([536365.0, "85123A"])


def test_values_are_not_mixed_up() -> None:
    """The same characters, cut otherwise, are another identity."""
    assert len({key_hash(key) for key in (["1", "23"], ["12", "3"], ["123"], ["", "123"], ["123", ""])}) == 5
