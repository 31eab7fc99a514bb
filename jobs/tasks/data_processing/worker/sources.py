"""The sheets of a workbook, one after the other, whatever the format: calamine tells it by the bytes."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from jobs.tasks.data_processing.worker.ods_frames import CONTENT
from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import FileFormat
from jobs.tasks.data_sync.reader import ods_notes, xlsb_records
from jobs.tasks.data_sync.reader.blame import blamed
from jobs.tasks.data_sync.reader.csv_text import examine, without_end_mark
from jobs.tasks.data_sync.reader.html_parse import parsed
from jobs.tasks.data_sync.reader.html_text import encoding_of
from jobs.tasks.data_sync.reader.notes import Notes
from jobs.tasks.data_sync.reader.package import Package, open_package

_DELIMITERS: Final = ",;\t"
_SNIFFED_ROWS: Final = 20
_LONGEST_CELL: Final = ReadLimits().cell_characters
_ZIP: Final = b"PK\x03\x04"


# First and last cell of a merged range, as (row, column), counted from 0 as calamine does.
Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet. `rows` may be gone through once: each with the number that Excel shows. `left` counts from 0."""

    name: str | None
    is_visible: bool
    rows: Iterator[tuple[int, Sequence[Cell]]]
    left: int = 0
    merged: Sequence[Range] = ()
    encoding: str | None = None


def sheets_of(path: Path, file_format: FileFormat) -> Iterator[Sheet]:
    """Give all sheets but those of charts and macros; of a csv one, without a name. Raises UnreadableFileError."""
    if file_format is FileFormat.CSV:
        yield _csv_sheet(path)
        return
    if file_format is FileFormat.HTML:
        yield from _html_sheets(path)
        return
    with path.open("rb") as file:
        merged: Mapping[int, Sequence[Range]] = {}
        if file.read(len(_ZIP)) == _ZIP:
            with open_package(path) as package:
                package.check_size(ReadLimits())
                merged = _merged(package, file_format)
        file.seek(0)
        with blamed():
            book = CalamineWorkbook.from_filelike(file)
        for index, about in enumerate(book.sheets_metadata):
            if about.typ == SheetTypeEnum.WorkSheet:
                with blamed():
                    source = book.get_sheet_by_index(index)
                    ranges = source.merged_cell_ranges or merged.get(index, ())
                yield Sheet(
                    name=source.name,
                    is_visible=about.visible == SheetVisibleEnum.Visible,
                    rows=_rows(source),
                    left=source.start[1] if source.start else 0,
                    merged=sorted(ranges),
                )


def _merged(package: Package, file_format: FileFormat) -> Mapping[int, Sequence[Range]]:
    """Give the merged ranges by sheet, where calamine does not know them."""
    if file_format is FileFormat.ODS:
        found = ods_notes.notes_of(package.pieces(CONTENT))
    elif file_format is FileFormat.XLSB:
        there = package.parts_but_pictures()
        parts = package.binary_sheet_parts()
        found = [xlsb_records.notes_of(package.pieces(part)) if part in there else Notes() for part in parts]
    else:
        found = []
    return {index: notes.ranges for index, notes in enumerate(found)}


def _rows(source: CalamineSheet) -> Iterator[tuple[int, Sequence[Cell]]]:
    with blamed():
        yield from enumerate(source.iter_rows(), 1)


def _html_sheets(path: Path) -> Iterator[Sheet]:
    """Give each table of a page. One may stand in a cell of another, so that their rows come mixed."""
    limits = ReadLimits()
    encoding, _ = encoding_of(path)
    for number in sorted({row.table for row in parsed(path, encoding, limits)}):
        rows = ((row.row + 1, row.cells) for row in parsed(path, encoding, limits) if row.table == number)
        merged = [one for row in parsed(path, encoding, limits) if row.table == number for one in row.ranges]
        yield Sheet(name=None, is_visible=True, rows=rows, merged=merged, encoding=encoding)


def _csv_sheet(path: Path) -> Sheet:
    csv.field_size_limit(_LONGEST_CELL)
    encoding = examine(path).encoding
    mark = max(_DELIMITERS, key=lambda one: _cells(path, encoding, one))
    return Sheet(name=None, is_visible=True, rows=_csv_rows(path, encoding, mark), encoding=encoding)


def _cells(path: Path, encoding: str, mark: str) -> int:
    """Count the cells of the first rows: a title above the headers has but one, whatever the delimiter."""
    count = 0
    with suppress(UnreadableFileError):  # it is told when the rows are gone through
        for _, cells in islice(_csv_rows(path, encoding, mark), _SNIFFED_ROWS):
            count += len(cells)
    return count


def _csv_rows(path: Path, encoding: str, mark: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for number, cells in enumerate(csv.reader(without_end_mark(file), delimiter=mark, strict=True), 1):
                yield number, cells
        except csv.Error as error:
            raise UnreadableFileError(
                f"row {number + 1}: the quotes are wrong or a cell has more than {_LONGEST_CELL:,} characters ({error})"
            ) from None
