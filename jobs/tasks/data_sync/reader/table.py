"""A file opened for reading, the same for every format. It checks nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.reader.merges import Merges

EXACT: Final = 2.0**53  # beyond it a float is a whole number only because it can be nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Headers, and the rows below them with the numbers that Excel shows.

    `estimate` is how many rows there may be, blank ones among them. `filler` stands where a row is too short.
    """

    headers: Sequence[str]
    rows: Iterator[tuple[int, Sequence[Cell]]]
    estimate: int
    filler: Cell
    sheet: str | None = None
    encoding: str | None = None
    merges: Merges = field(default_factory=Merges)


def numbered(rows: Iterator[list[Cell]], header_row: int, merges: Merges) -> Iterator[tuple[int, list[Cell]]]:
    """Give the rows below the headers with the numbers that Excel shows, their merged cells filled."""
    for number, cells in enumerate(rows, header_row + 1):
        # A row with nothing of its own stays blank, or a merged block would make rows that nobody wrote.
        if cells.count(None) < len(cells):
            merges.fill(number - 1, cells)
            yield number, cells


def plain_row(raw: Iterable[Cell]) -> list[Cell]:
    """Give the cells as they are stored, of those that calamine gives: nothing in place of an empty text."""
    return [(cell or None) if type(cell) is str else plain(cell) for cell in raw]


def plain(cell: Cell) -> Cell:
    """Give a whole number as one, however a workbook keeps it."""
    if type(cell) is float and cell.is_integer() and abs(cell) < EXACT:
        return int(cell)
    return cell
