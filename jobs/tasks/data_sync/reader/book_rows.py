"""Rows of a workbook: xlsx, xlsb, xls or ods. Calamine parses it; here its sheets become headers and numbered rows."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook

from jobs.tasks.data_sync.headers import trimmed
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import FileFormat, Layout
from jobs.tasks.data_sync.reader import ods_notes, xls_records, xlsb_records
from jobs.tasks.data_sync.reader.blame import blamed
from jobs.tasks.data_sync.reader.error_cells import ErrorCells, find_errors, overlay
from jobs.tasks.data_sync.reader.merges import Merges
from jobs.tasks.data_sync.reader.notes import Notes
from jobs.tasks.data_sync.reader.package import Package, open_package
from jobs.tasks.data_sync.reader.sheets import fitting, visible
from jobs.tasks.data_sync.reader.sliced_rows import SlicedBook
from jobs.tasks.data_sync.reader.table import Table, numbered, plain_row

_SHEET_PARTS: Final[Mapping[FileFormat, Callable[[Package], tuple[str, ...]]]] = {
    FileFormat.XLSX: Package.sheet_parts,
    FileFormat.XLSB: Package.binary_sheet_parts,
    FileFormat.ODS: lambda _: (),
}
_ODS_CONTENT: Final = "content.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """A parsed sheet. `left` is the column, counted from 0, that its rows begin with."""

    source: CalamineSheet
    errors: ErrorCells

    @property
    def left(self) -> int:
        return self.source.start[1] if self.source.start else 0

    def rows(self) -> Iterator[list[Cell]]:
        """Give every row from Excel's row 1 on: calamine gives leading empty rows too, but no leading empty columns."""
        with blamed():
            for row, raw in enumerate(self.source.iter_rows()):
                cells = plain_row(raw)
                if row in self.errors:
                    overlay(cells, self.errors[row], self.left)
                yield cells


def open_book(path: Path, file_format: FileFormat, layout: Layout, limits: ReadLimits) -> Table:
    """Open the first visible sheet that has the headers; where none has, the first visible one."""
    if file_format is FileFormat.XLS:
        return fitting(_tables(path, xls_records.notes_of(path), layout), layout)
    with open_package(path) as package:
        package.check_size(limits)
        sheets = _SHEET_PARTS[file_format](package)
        if file_format is FileFormat.XLSX and package.largest(sheets) > limits.whole_sheet_bytes:
            tables = SlicedBook(package, sheets, limits).tables(layout)
        else:
            tables = _tables(path, _examined(package, sheets, file_format), layout)
    return fitting(tables, layout)


def _examined(package: Package, sheets: Sequence[str], file_format: FileFormat) -> Mapping[int, Notes]:
    """Unpack every part once, in pieces, which proves the declared sizes; give the notes of each sheet by its index.

    But for pictures: nobody unpacks those for the cells, and a broken one is no fault of the rows.
    """
    found: dict[int, Notes] = {}
    for part in package.parts_but_pictures():
        pieces = package.pieces(part)
        if file_format is FileFormat.ODS and part == _ODS_CONTENT:
            found.update(enumerate(ods_notes.notes_of(pieces)))
        elif part in sheets and file_format is FileFormat.XLSX:
            found[sheets.index(part)] = Notes(errors=find_errors(pieces))
        elif part in sheets:
            found[sheets.index(part)] = xlsb_records.notes_of(pieces)
        else:
            deque(pieces, maxlen=0)
    return found


def _tables(path: Path, notes: Mapping[int, Notes], layout: Layout) -> Iterator[Table | None]:
    with path.open("rb") as file, blamed():
        # By the open file, since calamine would judge a path by its name.
        book = CalamineWorkbook.from_filelike(file)
    for index in visible(book):
        yield _table(book, index, notes.get(index, Notes()), layout)


def _table(book: CalamineWorkbook, index: int, notes: Notes, layout: Layout) -> Table | None:
    with blamed():
        source = book.get_sheet_by_index(index)
        ranges = source.merged_cell_ranges or notes.ranges
    sheet = _Sheet(source=source, errors=notes.errors)
    rows = sheet.rows()
    titles = next(islice(rows, layout.header_row - 1, None), None)
    if titles is None:
        return None
    headers = trimmed([canonical(cell) for cell in titles])
    merges = Merges(top=layout.header_row, left=sheet.left, width=len(headers), ranges=ranges)
    return Table(
        headers=headers,
        rows=numbered(rows, layout.header_row, merges),
        estimate=source.end[0] + 1 - layout.header_row if source.end else 0,
        filler=None,
        sheet=source.name,
        merges=merges,
    )
