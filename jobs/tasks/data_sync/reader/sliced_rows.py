"""Rows of an xlsx that is too large to be parsed as a whole: calamine parses it slice by slice.

They are the same as those of a book that is parsed as a whole, and come as fast. What is held is one slice, and the
texts that cells share.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from python_calamine import CalamineWorkbook

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.headers import trimmed
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.blame import blamed
from jobs.tasks.data_sync.reader.cut_book import CutBook, CutSheet
from jobs.tasks.data_sync.reader.error_cells import overlay
from jobs.tasks.data_sync.reader.merges import Merges
from jobs.tasks.data_sync.reader.package import Package
from jobs.tasks.data_sync.reader.sheets import visible
from jobs.tasks.data_sync.reader.table import Table, numbered, plain_row

_SLICES: Final = 4  # of a sheet that is just too large: smaller ones are no slower, and take less memory


class SlicedBook:
    """A book that was cut. The package that it was cut from is not needed any more."""

    def __init__(self, package: Package, sheets: Sequence[str], limits: ReadLimits) -> None:
        """Take each part of the package, of which so many are sheets, in the order of the workbook."""
        self._cut = CutBook(slice_bytes=limits.whole_sheet_bytes // _SLICES)
        self._before = len(sheets)
        self._sheets: dict[int, CutSheet] = {}
        for part in package.parts_but_pictures():
            if part in sheets:
                self._sheets[sheets.index(part)] = self._cut.take_sheet(package.pieces(part))
            else:
                self._cut.take(part, package.pieces(part))

    def tables(self, layout: Layout) -> Iterator[Table | None]:
        """Give the table of each visible sheet; None where it ends before the headers."""
        book = self._cut.seal()
        for index in visible(book):
            if index in self._sheets:
                sheet = _Sheet(cut=self._cut, book=book, about=self._sheets[index], before=self._before)
                yield _table(sheet, book.sheet_names[index], layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A sheet of a cut book, whose slices come after so many other sheets."""

    cut: CutBook
    book: CalamineWorkbook
    about: CutSheet
    before: int

    def rows(self) -> Iterator[list[Cell]]:
        """Give every row from Excel's row 1 on; one without a value has no cells."""
        next_row = 0
        for at in self.about.slices:
            with blamed():
                part = self.book.get_sheet_by_index(self.before + at)
            if part.start is None:
                continue
            top, left = part.start
            if top < next_row:
                raise UnreadableFileError(f"The workbook is damaged: row {next_row} is followed by row {top + 1}.")
            yield from ([] for _ in range(next_row, top))
            errors = self.cut.errors_of(at)
            for row, raw in enumerate(part.to_python(), top):
                cells = self._placed(plain_row(raw), left)
                if row in errors:
                    overlay(cells, errors[row], self.about.left)
                yield cells
            next_row = top + part.height

    def _placed(self, cells: list[Cell], left: int) -> list[Cell]:
        """Let the cells begin with the sheet's first column, as those of a sheet that is parsed as a whole do."""
        first = self.about.left
        if left == first:
            return cells
        if cells[: max(first - left, 0)].count(None) < first - left:
            raise UnreadableFileError("The workbook is damaged: its cells do not say where they are.")
        return [None] * (left - first) + cells[max(first - left, 0) :]


def _table(sheet: _Sheet, name: str, layout: Layout) -> Table | None:
    rows = sheet.rows()
    titles = next(islice(rows, layout.header_row - 1, None), None)
    if titles is None:
        return None
    headers = trimmed([canonical(cell) for cell in titles])
    about, width = sheet.about, len(headers)
    merges = Merges(top=layout.header_row, left=about.left, width=width, ranges=about.ranges)
    return Table(
        headers=headers,
        rows=numbered((_widened(cells, width) for cells in rows), layout.header_row, merges),
        estimate=max(about.last_row - layout.header_row, 0),
        filler=None,
        sheet=name,
        merges=merges,
    )


def _widened(cells: list[Cell], width: int) -> list[Cell]:
    """Give no row fewer cells than there are headers: a merged range may fill them."""
    return cells if len(cells) >= width else cells + [None] * (width - len(cells))
