"""A business date is read from one cell, or refused with a reason."""

from datetime import UTC, date, datetime, time

import pytest

from jobs.tasks.data_sync.dates import parser
from jobs.tasks.data_sync.identity import Cell

DAY = date(2010, 12, 1)


@pytest.mark.parametrize(
    "cell",
    [
        "2010-12-01",
        " 2010-12-1 ",
        "2010-12-01 08:26:00",
        "2010-12-01T08:26",
        "2010-12-01T08:26:00Z",
        "2010-12-01T23:26:00.123456+08:00",
        "2010-12-01 08:26:00 +0800",
        "2010/12/1",
        "2010/12/01 8:26",
        "2010.12.01",
        "2010.12.1 08:26:00",
        "20101201",
        "20101201 08:26",
        20101201,
        20101201.0,
        "2010年12月1日",
        "2010 年 12 月 01 日 08:26",
        "2010年12月1日8:26:00",
        "２０１０／１２／０１",
        DAY,
        datetime(2010, 12, 1, 23, 59, tzinfo=UTC),
        datetime(2010, 12, 1, 8, 26),  # noqa: DTZ001 - the cells of a sheet have no zone
    ],
)
def test_dates_are_read_without_a_format(cell: Cell) -> None:
    """ISO dates, Y/M/D, Y.M.D, YYYYMMDD and Y年M月D日 are read, with a time of day or without."""
    assert parser(None)(cell) == DAY


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        (None, "is empty"),
        ("2010-13-45", "is no date"),
        ("2010-02-30", "is no date"),
        ("2010-12-01 25:00", "is no date"),
        ("2010-12/01", "is no date"),
        ("yesterday", "is no date"),
        (40513.35, "is no date"),
        (True, "is no date"),
        (time(8, 26), "is no date"),
        ("01/02/2010", "set date_rule.format"),
        ("1.2.10 08:26", "set date_rule.format"),
        ("1899-12-31", "outside 1900 to 2999"),
        ("30000101", "is no date|outside 1900 to 2999"),
        (date(3000, 1, 1), "outside 1900 to 2999"),
        (datetime(1899, 12, 31, tzinfo=UTC), "outside 1900 to 2999"),
        ("0000-00-00", "is no date"),
    ],
)
def test_what_is_no_date_is_refused_with_a_reason(cell: Cell, reason: str) -> None:
    """Empty cells, impossible dates, guesses between day and month and absurd years are refused."""
    with pytest.raises(ValueError, match=reason):
        parser(None)(cell)


def test_a_format_decides() -> None:
    """With a format texts and numbers have to be of it; cells that are dates pass."""
    read = parser("%d/%m/%Y")
    assert read(" 01/12/2010 ") == DAY
    assert read(DAY) == DAY
    with pytest.raises(ValueError, match="is no date of the form %d/%m/%Y"):
        read("2010-12-01")
    assert parser("%Y%m%d")(20101201.0) == DAY


def test_a_refusal_is_not_remembered_as_a_date() -> None:
    """The same bad text is refused each time."""
    read = parser(None)
    for _ in range(2):
        with pytest.raises(ValueError, match="is no date"):
            read("2010-13-45")
