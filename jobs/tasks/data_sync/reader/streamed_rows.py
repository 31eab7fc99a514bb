"""Rows of an xlsx too large to be held as a whole, streamed by openpyxl at a seventh of calamine's speed.

They are the same as those that calamine gives, cell by cell, but for dates outside 1900 to 9999. What is held is some
90 bytes a row, and the texts that the cells share.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.headers import compare, trimmed
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.blame import blamed
from jobs.tasks.data_sync.reader.merges import Merges
from jobs.tasks.data_sync.reader.notes import Notes
from jobs.tasks.data_sync.reader.table import Table, numbered, plain

_MIDNIGHT: Final = time()


def open_streamed(path: Path, layout: Layout, notes: Mapping[int, Notes]) -> Table:
    """Open the first visible sheet that has the headers; where none has, the first visible one."""
    first: Table | None = None
    with blamed():
        # By the open file, since openpyxl would judge a path by its name.
        book = load_workbook(path.open("rb"), read_only=True, data_only=True, keep_links=False)
        sheets = [(index, book[name]) for index, name in enumerate(book.sheetnames) if name in _readable(book)]
    for index, sheet in sheets:
        table = _table(sheet, notes.get(index, Notes()), layout)
        if table is not None and compare(layout.fields, table.headers) is None:
            return table
        first = first or table
    if first is None:
        raise UnreadableFileError(f"No visible sheet reaches row {layout.header_row}, where its headers should be.")
    return first


def _readable(book: Any) -> set[str]:  # noqa: ANN401 - its stubs know of no read-only books
    return {sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"}


def _table(sheet: Any, notes: Notes, layout: Layout) -> Table | None:  # noqa: ANN401
    sheet.reset_dimensions()  # what a sheet says of its size may be too small, and would cut it off
    rows = _rows(sheet, notes.left)
    titles = next(islice(rows, layout.header_row - 1, None), None)
    if titles is None:
        return None
    headers = trimmed([canonical(cell) for cell in titles])
    merges = Merges(top=layout.header_row, left=notes.left, width=len(headers), ranges=notes.ranges)
    return Table(
        headers=headers,
        rows=numbered(rows, layout.header_row, merges),
        estimate=max(notes.rows - layout.header_row, 0),
        filler=None,
        sheet=sheet.title,
        merges=merges,
    )


def _rows(sheet: Any, left: int) -> Iterator[list[Cell]]:  # noqa: ANN401
    with blamed():
        for row in sheet.iter_rows(values_only=True):
            yield [_as_calamine(cell) for cell in row[left:]]


def _as_calamine(cell: Cell) -> Cell:
    if type(cell) is str:
        return cell or None
    if type(cell) is int:
        return plain(float(cell))  # beyond 2**53 a workbook's number is a float, whatever its text
    if type(cell) is datetime and cell.time() == _MIDNIGHT:
        return cell.date()
    return plain(cell)
