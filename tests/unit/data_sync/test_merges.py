"""Only cells that are really merged are filled."""

import pytest

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.reader.merges import Merges


def test_a_block_takes_the_value_of_its_first_cell() -> None:
    """Every cell of a merged block gets the value at its top left; the row after it is left alone."""
    merges = Merges(top=1, left=0, width=3, ranges=[((1, 0), (2, 1))])
    rows: list[list[Cell]] = [["a", None, 1], [None, None, 2], [None, None, 3]]
    for row, cells in enumerate(rows, 1):
        merges.fill(row, cells)
    assert rows == [["a", "a", 1], ["a", "a", 2], [None, None, 3]]


def test_rows_that_begin_further_right_are_filled_in_place() -> None:
    """Columns of the sheet are counted from its first one with content."""
    merges = Merges(top=0, left=2, width=2, ranges=[((0, 3), (1, 3))])
    first: list[Cell] = ["a", "b"]
    second: list[Cell] = ["c", None]
    merges.fill(0, first)
    merges.fill(1, second)
    assert second == ["c", "b"]


def test_headings_and_remarks_fill_nothing() -> None:
    """Ranges that begin above the data or beside it are neither filled nor told."""
    outside = [((0, 0), (3, 0)), ((1, 5), (2, 6)), ((1, 0), (2, 0))]
    merges = Merges(top=1, left=1, width=2, ranges=outside)
    cells: list[Cell] = [None, None]
    merges.fill(1, cells)
    assert cells == [None, None]
    assert (merges.total, merges.names()) == (0, ())


def test_a_range_wider_than_the_headers_is_cut() -> None:
    """A block that reaches beyond the last header fills no cells there."""
    merges = Merges(top=0, left=0, width=2, ranges=[((0, 1), (0, 9))])
    cells: list[Cell] = [None, "b", None, None]
    merges.fill(0, cells)
    assert cells == [None, "b", None, None]


def test_ranges_are_told_as_excel_writes_them() -> None:
    """Letters for columns, rows from 1."""
    merges = Merges(top=0, left=0, width=800, ranges=[((6, 2), (7, 3)), ((0, 25), (0, 26)), ((9, 701), (9, 702))])
    assert merges.names() == ("Z1:AA1", "C7:D8", "ZZ10:AAA10")


def test_only_the_first_hundred_ranges_are_told() -> None:
    """The others are counted."""
    merges = Merges(width=1, ranges=[((row, 0), (row + 1, 0)) for row in range(0, 300, 2)])
    assert (merges.total, len(merges.names()), merges.names()[-1]) == (150, 100, "A199:A200")


def test_ranges_one_over_the_other_are_refused() -> None:
    """No program writes more open ranges than there are columns; filling them would take for ever."""
    merges = Merges(width=2, ranges=[((0, 0), (9, 1)), ((1, 0), (9, 1)), ((2, 1), (9, 1))])
    merges.fill(0, ["a", "b"])
    merges.fill(1, ["a", "b"])
    with pytest.raises(UnreadableFileError, match="row 3: merged ranges lie one over the other"):
        merges.fill(2, ["a", "b"])
