"""The merged cells of a sheet's data. Cells that are merely empty are never filled."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.identity import Cell

# First and last cell of a merged range, as (row, column), counted from 0 as calamine does.
Range = tuple[tuple[int, int], tuple[int, int]]

TOLD: Final = 100
_LETTERS: Final = 26


class Merges:
    """Fills rows, handed to it from top to bottom, with the values of the ranges that they are part of.

    `top` and `left` are the row and column of the first data cell, counted from 0, and `width` the number of columns.
    Ranges that begin outside are headings or remarks and fill nothing.
    """

    def __init__(self, *, top: int = 0, left: int = 0, width: int = 0, ranges: Iterable[Range] = ()) -> None:
        self._top = top
        self._left = left
        self._width = width
        self._starting: dict[int, list[Range]] = defaultdict(list)
        self._open: list[tuple[Range, Cell]] = []
        self._told: list[Range] = []
        self.total = 0
        for one in sorted(ranges):
            self.add(one)

    def add(self, one: Range) -> None:
        """Take in a range that begins in a row still to be filled."""
        row, column = one[0]
        if row < self._top or not self._left <= column < self._left + self._width:
            return
        self.total += 1
        self._starting[row].append(one)
        if len(self._told) < TOLD:
            self._told.append(one)

    def fill(self, row: int, cells: list[Cell]) -> None:
        """Fill the merged cells of the row, counted from 0, in place."""
        if not self._open and row not in self._starting:
            return
        self._open = [(one, value) for one, value in self._open if one[1][0] >= row]
        for one in self._starting.pop(row, ()):
            self._open.append((one, cells[one[0][1] - self._left]))
        if len(self._open) > self._width:
            raise UnreadableFileError(f"row {row + 1}: merged ranges lie one over the other; split them and save again")
        for (first, last), value in self._open:
            start, stop = first[1] - self._left, min(last[1] + 1 - self._left, self._width)
            cells[start:stop] = [value] * (stop - start)

    def names(self) -> tuple[str, ...]:
        """Give the first ranges, at most TOLD of `total`, as Excel writes them, such as "C7:D8"."""
        return tuple(f"{_name(first)}:{_name(last)}" for first, last in self._told)


def _name(cell: tuple[int, int]) -> str:
    row, column = cell
    letters = ""
    rest = column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row + 1}"
