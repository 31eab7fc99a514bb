"""The merged cells of a sheet's data. Cells that are merely empty are never filled."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from jobs.tasks.data_sync.identity import Cell

# First and last cell of a merged range, as (row, column), counted from 0 as calamine does.
Range = tuple[tuple[int, int], tuple[int, int]]

_LETTERS: Final = 26


class Merges:
    """Fills rows, handed to it from top to bottom, with the values of the ranges that they are part of.

    `top` and `left` are the row and column of the first data cell, counted from 0, and `width` the number of columns.
    Ranges that begin outside are headings or remarks and fill nothing.
    """

    def __init__(self, *, top: int = 0, left: int = 0, width: int = 0, ranges: Iterable[Range] = ()) -> None:
        columns = range(left, left + width)
        self.ranges = tuple(sorted(one for one in ranges if one[0][0] >= top and one[0][1] in columns))
        self._left = left
        self._width = width
        self._starting: dict[int, list[Range]] = defaultdict(list)
        for one in self.ranges:
            self._starting[one[0][0]].append(one)
        self._open: list[tuple[Range, Cell]] = []

    def fill(self, row: int, cells: list[Cell]) -> None:
        """Fill the merged cells of the row, counted from 0, in place."""
        if not self._open and row not in self._starting:
            return
        self._open = [(one, value) for one, value in self._open if one[1][0] >= row]
        for one in self._starting.get(row, ()):
            self._open.append((one, cells[one[0][1] - self._left]))
        for (first, last), value in self._open:
            start, stop = first[1] - self._left, min(last[1] + 1 - self._left, self._width)
            cells[start:stop] = [value] * (stop - start)

    def names(self, at_most: int) -> tuple[str, ...]:
        """Give the first ranges as Excel writes them, such as "C7:D8"."""
        return tuple(f"{_name(first)}:{_name(last)}" for first, last in self.ranges[:at_most])


def _name(cell: tuple[int, int]) -> str:
    row, column = cell
    letters = ""
    rest = column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
