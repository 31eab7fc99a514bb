"""The profile of a workbook, from a request to frames: each sheet in one pass. Which row has the headers is a guess."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from jobs.tasks.data_processing.limits import ProfileLimits
from jobs.tasks.data_processing.worker.columns import Column, Kind, kind_of, shown
from jobs.tasks.data_processing.worker.request import Profiling
from jobs.tasks.data_processing.worker.sources import Range, Sheet, sheets_of
from jobs.tasks.data_sync.errors import LimitExceededError
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.reader import frames

_LOOKED_AT: Final = 20  # rows, among which the headers are looked for
_ALMOST: Final = 0.8
_MERGES_TOLD: Final = 100
_TOLD_EVERY: Final = 5_000  # rows
_LETTERS: Final = 26

Frame = tuple[frames.Kind, bytes]
NumberedRow = tuple[int, Sequence[Cell]]


def profile(request: Profiling) -> Iterator[Frame]:
    """Give the frames of a profile, DONE as the last; or raise what the file is refused for. Progress counts rows."""
    limits = request.limits
    told: list[Mapping[str, Any]] = []
    size = rows = total = 0
    encoding = None
    for sheet in sheets_of(request.path, request.format):
        total += 1
        if total > limits.sheets:
            continue
        encoding = sheet.encoding
        profiler = _SheetProfiler(sheet, limits)
        for _ in profiler.run():
            rows += 1
            if rows > limits.rows:
                raise LimitExceededError(f"The workbook has more than {limits.rows:,} rows.")
            if rows % _TOLD_EVERY == 0:
                yield frames.Kind.PROGRESS, json.dumps([rows, None]).encode()
        one = profiler.as_mapping()
        size += len(json.dumps(one, ensure_ascii=False).encode())
        told.append(one if size <= limits.bytes else {**one, "columns": [], "sample": [], "is_cut": True})
    whole = {"sheets": told, "sheets_total": total, "rows": rows, "encoding": encoding}
    yield frames.Kind.DONE, json.dumps(whole).encode()


def header_at(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Guess which of the first rows has the headers: the first that is almost as full as the fullest, and mostly text.

    A title above has but one cell. None where no row is like that: then all rows are data.
    """
    kinds = [[kind for cell in cells if (kind := kind_of(cell)[0]) is not Kind.EMPTY] for cells in rows]
    fullest = max(map(len, kinds), default=0)
    for at, filled in enumerate(kinds):
        if len(filled) >= fullest * _ALMOST and filled.count(Kind.TEXT) * 2 > len(filled):
            return at
    return None


class _SheetProfiler:
    """Goes through a sheet once. Blank rows do not count."""

    def __init__(self, sheet: Sheet, limits: ProfileLimits) -> None:
        self._sheet = sheet
        self._limits = limits
        self._header: NumberedRow | None = None
        self._columns: list[Column] = []
        self._sample: list[list[str | float | bool | None]] = []
        self._widest = self._rows = 0

    def run(self) -> Iterator[None]:
        """Take every row into account; give a turn after each."""
        rows = ((number, cells) for number, cells in self._sheet.rows if not _is_blank(cells))
        first: list[NumberedRow] = []
        for one in rows:
            first.append(one)
            if len(first) == _LOOKED_AT:
                break
        at = header_at([cells for _, cells in first])
        if at is not None:
            self._header = first[at]
            self._make_columns(first[at][1])
        for _, cells in chain(first if at is None else first[at + 1 :], rows):
            self._add(cells)
            yield

    def as_mapping(self) -> Mapping[str, Any]:
        """Describe the sheet."""
        sheet, most = self._sheet, self._limits.characters
        names = self._header[1] if self._header else ()
        return {
            "name": sheet.name,
            "is_visible": sheet.is_visible,
            "header_row": self._header[0] if self._header else None,
            "rows": self._rows,
            "columns": [
                {
                    "letters": letters_of(sheet.left + at),
                    "name": (str(shown(names[at], most) or "") if at < len(names) else "") or None,
                    **column.as_mapping(self._rows),
                }
                for at, column in enumerate(self._columns)
            ],
            "columns_total": self._widest,
            "merged": [_name(one) for one in sheet.merged[:_MERGES_TOLD]],
            "merged_total": len(sheet.merged),
            "sample": self._sample,
            "is_cut": self._widest > self._limits.columns,
        }

    def _add(self, cells: Sequence[Cell]) -> None:
        self._rows += 1
        self._make_columns(cells)
        for column, cell in zip(self._columns, cells, strict=False):
            column.add(cell)
        if len(self._sample) < self._limits.sample_rows:
            self._sample.append([shown(cell, self._limits.characters) for cell in cells[: self._limits.columns]])

    def _make_columns(self, cells: Sequence[Cell]) -> None:
        if len(cells) > self._widest:
            self._widest = len(cells)
            missing = min(self._widest, self._limits.columns) - len(self._columns)
            self._columns += [Column(self._limits.characters) for _ in range(missing)]


def letters_of(column: int) -> str:
    """Give the letters that Excel shows for a column, counted from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    return letters


def _name(merged: Range) -> str:
    (top, left), (bottom, right) = merged
    return f"{letters_of(left)}{top + 1}:{letters_of(right)}{bottom + 1}"


def _is_blank(cells: Sequence[Cell]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)
