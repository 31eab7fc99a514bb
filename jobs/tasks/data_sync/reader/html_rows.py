"""Rows of a table in an HTML page, as many exports called .xls are. The page is parsed in pieces, never as a tree."""

from collections.abc import Iterator
from pathlib import Path

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.headers import compare, trimmed
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.html_grid import GridRow
from jobs.tasks.data_sync.reader.html_parse import parsed
from jobs.tasks.data_sync.reader.html_text import encoding_of
from jobs.tasks.data_sync.reader.merges import Merges
from jobs.tasks.data_sync.reader.table import Table


def open_html(path: Path, layout: Layout, limits: ReadLimits) -> Table:
    """Open the first table that has the headers; where none has, the first that reaches their row.

    Cells are texts, as a browser shows them, or None where there is nothing in them.
    """
    encoding, estimate = encoding_of(path)
    titles = _titles(parsed(path, encoding, limits), layout)
    if titles is None:
        raise UnreadableFileError(
            f"The page has no table that reaches row {layout.header_row}, where its headers should be."
        )
    headers = _headers(titles)
    merges = Merges(top=layout.header_row, width=len(headers))
    rows = parsed(path, encoding, limits)
    below = (row for row in rows if row.table == titles.table and row.row >= layout.header_row)
    return Table(
        headers=headers,
        rows=_numbered(below, merges),
        estimate=max(estimate - layout.header_row, 0),
        filler=None,
        encoding=encoding,
        merges=merges,
    )


def _titles(rows: Iterator[GridRow], layout: Layout) -> GridRow | None:
    first: GridRow | None = None
    for row in rows:
        if row.row == layout.header_row - 1:
            if compare(layout.fields, _headers(row)) is None:
                return row
            first = first or row
    return first


def _headers(titles: GridRow) -> list[str]:
    return list(trimmed([canonical(cell) for cell in titles.cells]))


def _numbered(rows: Iterator[GridRow], merges: Merges) -> Iterator[tuple[int, list[Cell]]]:
    for row in rows:
        for one in row.ranges:
            merges.add(one)
        if row.cells.count(None) < len(row.cells):
            merges.fill(row.row, row.cells)
            yield row.row + 1, row.cells
