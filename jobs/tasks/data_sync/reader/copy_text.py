"""Rows as lines of PostgreSQL's COPY text format. It reads no files; see `Lines` for the columns."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import orjson

from jobs.tasks.data_sync.checks import Problem, row_check, shown, without_nul
from jobs.tasks.data_sync.dates import parser
from jobs.tasks.data_sync.errors import LimitExceededError
from jobs.tasks.data_sync.identity import Cell, key_hash
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Layout
from jobs.tasks.data_sync.reader.error_cells import UNCALCULATED
from jobs.tasks.data_sync.reader.error_cells import WORDS as ERRORS
from jobs.tasks.data_sync.reader.table import EXACT

_NUL = "\x00"
_JSON_NUL = b"\\u0000"
_JSON_ERROR = b'"#'
_SHORTENED_BY = "E+"
# How a spreadsheet shows, and saves as csv, a number that is too long for its column.
_SHORTENED: Final = re.compile(r"\d(?:\.\d+)?E\+\d{2,3}", re.ASCII)
_NEVER: Final = "is a formula that was never calculated; open the file in Excel, save it and send that"
_INEXACT: Final = "is a number that a spreadsheet has shortened; make its column a text there and export again"


class Lines:
    """Makes one line a row: row number, business date, key hash (bytea), data (jsonb by field name).

    A row that cannot be loaded has neither date nor hash in their columns; its data is an object of `problems` (each
    with `field` and `detail`), `day` and `key` (hexadecimal) as far as the row has them, and `row`, what it holds.

    JSON writes control characters as escapes, so of all that COPY gives a meaning only the backslash is left to double.
    """

    def __init__(self, layout: Layout, limits: ReadLimits) -> None:
        self._fields = layout.fields
        self._keys = [layout.fields.index(name) for name in layout.key_fields]
        self._date_field = layout.date_rule.field
        self._date_at = layout.fields.index(layout.date_rule.field)
        self._date = parser(layout.date_rule.format)
        self._problems = row_check(layout) if layout.required_fields or layout.types else None
        # The others of a type are told already, and an error in any other field is as good as what it says.
        self._valued = {*layout.key_fields, *layout.required_fields} - {self._date_field, *layout.types}
        self._telling = {*layout.key_fields} - {self._date_field}
        self._cell_characters = limits.cell_characters

    def line(self, number: int, cells: Sequence[Cell]) -> bytes:
        """Give the line of a row that has a cell for each field."""
        problems = [] if self._problems is None else self._problems(cells)
        keys = [cells[at] for at in self._keys]
        day: date | None = None
        try:
            day = self._date(cells[self._date_at])
        except ValueError as error:
            problems.append(Problem(field=self._date_field, detail=f"{shown(cells[self._date_at])}{error}"))
        # strict=True would take 0.6 us more a row.
        data = orjson.dumps(dict(zip(self._fields, cells, strict=False)), default=str)
        # None of it can be without these cheap signs, which a few innocent rows have too.
        if len(data) > self._cell_characters or _JSON_NUL in data or _JSON_ERROR in data or _may_be_inexact(keys):
            problems += self._check_cells(number, cells)
        if problems or day is None:
            return self._aside(number, cells, problems, day)
        if b"\\" in data:
            data = data.replace(b"\\", b"\\\\")
        return f"{number}\t{day.isoformat()}\t\\\\x{key_hash(keys).hex()}\t".encode() + data + b"\n"

    def surplus(self, number: int, cells: Sequence[Cell]) -> bytes:
        """Give the line of a row that has more cells than there are fields: no one knows which is whose."""
        width = len(self._fields)
        for at in range(width, len(cells)):
            self._check_length(number, f"column {at + 1}", cells[at])
        self._check_cells(number, cells[:width])
        detail = f"is beyond the {width} headers: the row has {len(cells)} cells"
        return self._aside(number, cells, [Problem(field=f"column {width + 1}", detail=detail)], None, has_key=False)

    def _aside(
        self,
        number: int,
        cells: Sequence[Cell],
        problems: Sequence[Problem],
        day: date | None,
        *,
        has_key: bool = True,
    ) -> bytes:
        names = [*self._fields, *(f"column {at + 1}" for at in range(len(self._fields), len(cells)))]
        row = {
            name: without_nul(cell) if isinstance(cell, str) else cell for name, cell in zip(names, cells, strict=True)
        }
        has_key = has_key and not any(isinstance(cells[at], str) and _NUL in str(cells[at]) for at in self._keys)
        told = {
            "problems": [problem.as_mapping() for problem in problems],
            "day": None if day is None else day.isoformat(),
            "key": key_hash([cells[at] for at in self._keys]).hex() if has_key else None,
            "row": row,
        }
        data = orjson.dumps(told, default=str).replace(b"\\", b"\\\\")
        return f"{number}\t\\N\t\\N\t".encode() + data + b"\n"

    def _check_cells(self, number: int, cells: Sequence[Cell]) -> list[Problem]:
        problems = []
        for field, cell in zip(self._fields, cells, strict=True):
            self._check_length(number, field, cell)
            if isinstance(cell, str) and _NUL in cell:
                problems.append(Problem(field=field, detail="has a NUL character, which cannot be stored"))
            elif cell in ERRORS and field in self._valued:
                detail = _NEVER if cell == UNCALCULATED else "is an error of the workbook, no value"
                problems.append(Problem(field=field, detail=f"{shown(cell)}{detail}"))
            elif field in self._telling and _is_inexact(cell):
                problems.append(Problem(field=field, detail=f"{shown(cell)}{_INEXACT}"))
        return problems

    def _check_length(self, number: int, field: str, cell: Cell) -> None:
        if isinstance(cell, str) and len(cell) > self._cell_characters:
            raise LimitExceededError(f"row {number}: {field} has more than {self._cell_characters:,} characters")


def _may_be_inexact(keys: Sequence[Cell]) -> bool:
    """Say whether one of them is worth a look; for short texts this takes less than a search in all of the row."""
    for cell in keys:
        kind = type(cell)
        if kind is float or (kind is str and _SHORTENED_BY in cell):  # type: ignore[operator]
            return True
    return False


def _is_inexact(cell: Cell) -> bool:
    """Say whether digits of a number are lost, so that different ones may look alike: no such one tells rows apart."""
    if isinstance(cell, str):
        return _SHORTENED.fullmatch(cell.strip()) is not None
    return type(cell) is float and abs(cell) >= EXACT
