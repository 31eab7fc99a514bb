"""What the cells of a column have in common."""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pytest

from jobs.tasks.data_processing.worker.columns import Column, shown
from jobs.tasks.data_processing.worker.profiling import header_at, letters_of
from jobs.tasks.data_sync.identity import Cell


def column(cells: Sequence[Cell]) -> Column:
    """Put cells into a column."""
    made = Column(20)
    for cell in cells:
        made.add(cell)
    return made


@pytest.mark.parametrize(
    ("cells", "kind", "least", "greatest"),
    [
        ([3, 1.0, "-2"], "integer", -2, 3),
        ([3, 0.5, "2.25"], "number", 0.5, 3),
        (["0012", "0007"], "text", "0007", "0012"),
        (["12345678901234567", "1"], "mixed", None, None),
        ([True, "false", "TRUE"], "boolean", False, True),
        (["2026-03-02", "2026/3/1", date(2026, 3, 3)], "date", "2026-03-01", "2026-03-03"),
        ([datetime(2026, 3, 1, 8, 30), date(2026, 3, 2)], "datetime", "2026-03-01 08:30:00", "2026-03-02"),  # noqa: DTZ001
        ([datetime(2026, 3, 1)], "date", "2026-03-01", "2026-03-01"),  # noqa: DTZ001  Excel's date is a midnight
        (["2026-03-01 10:00:00", "2026年3月2日"], "datetime", "2026-03-01", "2026-03-02"),
        ([time(8), time(9, 30)], "time", "08:00:00", "09:30:00"),
        ([timedelta(hours=100), timedelta(hours=9)], "time", "00009.0000 h", "00100.0000 h"),
        (["b", "a" * 50], "text", "a" * 20, "b"),
        ([1, "one"], "mixed", None, None),
        ([None, "", "  ", math.nan], "empty", None, None),
        ([], "empty", None, None),
    ],
)
def test_types_are_inferred(cells: Sequence[Cell], kind: str, least: object, greatest: object) -> None:
    """Texts that are numbers, dates or truths count as those; codes that begin with 0, and long ids, stay texts."""
    told = column(cells).as_mapping(len(cells))
    assert (told["type"], told["min"], told["max"]) == (kind, least, greatest)


def test_empty_cells_are_counted_and_shared() -> None:
    """Also those beyond the end of a short row, which nobody has added."""
    told = column(["a", "", None, 7]).as_mapping(6)
    assert (told["nulls"], told["null_share"], told["types"]) == (4, 0.6667, {"text": 1, "integer": 1})
    assert column([]).as_mapping(0)["null_share"] == 0.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (math.inf, "inf"),
        (2.0**60, 2.0**60),
        ("a\x00b", "a\ufffdb"),
        ("x" * 30, "x" * 20),
        (date(2026, 3, 1), "2026-03-01"),
        ("  ", None),
        (None, None),
        (True, True),
    ],
)
def test_values_are_shown_as_json_has_them(value: Cell, expected: object) -> None:
    """Nothing that PostgreSQL's jsonb does not take."""
    found = shown(value, 20)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["sku", "name", "price"], ["A1", "cup", 2.5]], 0),
        ([["Products of March"], ["sku", "name", "price"], ["A1", "cup", 2.5]], 1),
        ([["Products", None, None, "of March"], ["sku", "name", "price", "day"], ["A1", "cup", 2.5, "2026-03-01"]], 1),
        ([[1, 2], [3, 4]], None),
        ([["2026-03-01", "1"], ["2026-03-02", "2"]], None),
        ([["only"]], 0),
        ([], None),
    ],
)
def test_the_headers_are_guessed(rows: list[list[Cell]], expected: int | None) -> None:
    """The first row that is almost as full as the fullest, and mostly text."""
    assert header_at(rows) == expected


def test_columns_are_called_as_excel_calls_them() -> None:
    """A to Z, then two letters and three."""
    assert [letters_of(column) for column in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
