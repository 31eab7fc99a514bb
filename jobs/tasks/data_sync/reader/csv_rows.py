"""Rows of a csv file, streamed. Cells stay the text that they are; what they mean is decided elsewhere."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.headers import trimmed
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.csv_text import delimiter, examine, without_end_mark
from jobs.tasks.data_sync.reader.table import Table

_TOO_LONG: Final = "field larger than field limit"


def open_csv(path: Path, layout: Layout, limits: ReadLimits) -> Table:
    """Open the file and read as far as its headers."""
    csv.field_size_limit(limits.cell_characters)
    text = examine(path)
    mark = delimiter(path, text.encoding, layout.header_row)
    rows = _numbered(path, text.encoding, mark, limits)
    headers = next(islice(rows, layout.header_row - 1, None), None)
    if headers is None:
        raise UnreadableFileError(f"The file ends before row {layout.header_row}, where its headers should be.")
    return Table(
        headers=trimmed(headers[1]),
        rows=rows,
        estimate=max(text.lines - layout.header_row, 0),
        filler="",
        encoding=text.encoding,
    )


def _numbered(path: Path, encoding: str, mark: str, limits: ReadLimits) -> Iterator[tuple[int, list[str]]]:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        # Strict, or a quote that is never closed would swallow the rest of the file as one cell.
        rows = csv.reader(without_end_mark(file), delimiter=mark, strict=True)
        try:
            for number, cells in enumerate(rows, 1):
                yield number, cells
        except csv.Error as error:
            raise _told(error, number + 1, limits) from None


def _told(error: csv.Error, number: int, limits: ReadLimits) -> Exception:
    if _TOO_LONG in str(error):
        return LimitExceededError(
            f"row {number}: a cell has more than {limits.cell_characters:,} characters, or a quote is never closed"
        )
    return UnreadableFileError(f"row {number}: the quotes are wrong ({error}); a quote may be missing or one too many")
