"""The reading itself, from a request to frames: the header gate, then every row once. It touches no pipe."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from jobs.tasks.data_sync.errors import HeaderChangedError, LimitExceededError
from jobs.tasks.data_sync.headers import compare, currency
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import FileFormat, Layout
from jobs.tasks.data_sync.reader.copy_text import Lines
from jobs.tasks.data_sync.reader.csv_rows import open_csv
from jobs.tasks.data_sync.reader.frames import Kind
from jobs.tasks.data_sync.reader.preview import preview_of
from jobs.tasks.data_sync.reader.report import ReadReport
from jobs.tasks.data_sync.reader.request import Request
from jobs.tasks.data_sync.reader.table import Table

_BATCH_BYTES: Final = 256 * 1024


def read(request: Request) -> Iterator[tuple[Kind, bytes]]:
    """Give the frames of a file, DONE as the last; or raise what the file is refused for."""
    table = _opened(request)
    if request.shown is not None:
        yield Kind.DONE, json.dumps(preview_of(table, request.layout, rows=request.shown)).encode()
        return
    _check_headers(table.headers, request.layout, request.limits)
    yield _progress(0, table.estimate)
    count = 0
    for lines in _batches(_lines(table, request)):
        count += len(lines)
        yield Kind.ROWS, b"".join(lines)
        yield _progress(count, table.estimate)
    yield Kind.DONE, _report(table, count).to_json()


def _opened(request: Request) -> Table:
    if request.format is FileFormat.CSV:
        return open_csv(request.path, request.layout, request.limits)
    # Imported here, since lxml and calamine are megabytes that a csv has no need of.
    if request.format is FileFormat.HTML:
        from jobs.tasks.data_sync.reader.html_rows import open_html  # noqa: PLC0415

        return open_html(request.path, request.layout, request.limits)
    from jobs.tasks.data_sync.reader.book_rows import open_book  # noqa: PLC0415

    return open_book(request.path, request.format, request.layout, request.limits)


def _check_headers(headers: Sequence[str], layout: Layout, limits: ReadLimits) -> None:
    if len(headers) > limits.columns:
        raise LimitExceededError(f"The file has {len(headers):,} columns; {limits.columns:,} are the most.")
    difference = compare(layout.fields, headers, keys=layout.key_fields)
    if difference is not None:
        raise HeaderChangedError(str(difference), difference.as_mapping())


def _lines(table: Table, request: Request) -> Iterator[bytes]:
    lines = Lines(request.layout, request.limits)
    line = lines.line
    width, most = len(request.layout.fields), request.limits.rows
    count = 0
    for number, cells in table.rows:
        if len(cells) != width:
            cells = _fitted(cells, width, table.filler)  # noqa: PLW2901 - the same row
        if _blank(cells):
            continue
        count += 1
        if count > most:
            raise LimitExceededError(f"The file has more than {most:,} rows.")
        yield line(number, cells) if len(cells) == width else lines.surplus(number, cells)


def _fitted(cells: Sequence[Cell], width: int, filler: Cell) -> Sequence[Cell]:
    """Give as many cells as there are headers; more only where one of those beyond them is filled."""
    if not _blank(cells[width:]):
        return cells
    return [*cells[:width], *[filler] * (width - len(cells))]


def _blank(cells: Sequence[Cell]) -> bool:
    for cell in cells:  # noqa: SIM110 - all() with a generator takes three times as long, and every row comes here
        if cell is not None and (not isinstance(cell, str) or cell.strip()):
            return False
    return True


def _batches(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _progress(count: int, estimate: int) -> tuple[Kind, bytes]:
    return Kind.PROGRESS, json.dumps([count, max(count, estimate)]).encode()


def _report(table: Table, count: int) -> ReadReport:
    return ReadReport(
        read=count,
        currency=currency(table.headers),
        sheet=table.sheet,
        encoding=table.encoding,
        merged=table.merges.names(),
        merged_total=table.merges.total,
    )
