"""Rows as lines of PostgreSQL's COPY text format. It reads no files; see `Lines` for the columns."""

from collections.abc import Sequence

import orjson

from jobs.tasks.data_sync.dates import parser
from jobs.tasks.data_sync.errors import BadRowError, LimitExceededError
from jobs.tasks.data_sync.identity import Cell, canonical, key_hash
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import Layout

_NUL = "\x00"
_JSON_NUL = b"\\u0000"
_SHOWN = 80


class Lines:
    """Makes one line a row: row number, business date, key hash (bytea), data (jsonb by field name).

    JSON writes control characters as escapes, so of all that COPY gives a meaning only the backslash is left to double.
    """

    def __init__(self, layout: Layout, limits: ReadLimits) -> None:
        self._fields = layout.fields
        self._keys = [layout.fields.index(name) for name in layout.key_fields]
        self._date_field = layout.date_rule.field
        self._date_at = layout.fields.index(layout.date_rule.field)
        self._date = parser(layout.date_rule.format)
        self._cell_characters = limits.cell_characters

    def line(self, number: int, cells: Sequence[Cell]) -> bytes:
        """Give the line of a row that has a cell for each field; BadRowError where it cannot be stored."""
        try:
            day = self._date(cells[self._date_at])
        except ValueError as error:
            raise self._undated(number, cells[self._date_at], error) from None
        # strict=True would take 0.6 us more a row.
        data = orjson.dumps(dict(zip(self._fields, cells, strict=False)), default=str)
        # Neither can be without these cheap signs, which a few innocent rows have too.
        if len(data) > self._cell_characters or _JSON_NUL in data:
            self._check_cells(number, cells)
        if b"\\" in data:
            data = data.replace(b"\\", b"\\\\")
        key = key_hash([cells[at] for at in self._keys]).hex()
        return f"{number}\t{day.isoformat()}\t\\\\x{key}\t".encode() + data + b"\n"

    def _check_cells(self, number: int, cells: Sequence[Cell]) -> None:
        for field, cell in zip(self._fields, cells, strict=True):
            if not isinstance(cell, str):
                continue
            if len(cell) > self._cell_characters:
                raise LimitExceededError(f"row {number}: {field} has more than {self._cell_characters:,} characters")
            if _NUL in cell:
                raise BadRowError(f"row {number}: {field} has a NUL character, which cannot be stored")

    def _undated(self, number: int, cell: Cell, reason: ValueError) -> BadRowError:
        shown = canonical(cell)[:_SHOWN]
        value = f' "{shown}"' if shown else ""
        return BadRowError(f"row {number}: {self._date_field}{value} {reason}")
