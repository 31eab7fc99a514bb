"""What is wrong with a row: a required field that is empty, a value of another type. It reads no dates of rows."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jobs.tasks.data_sync.dates import parser
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.model import FieldType, Layout

_SHOWN: Final = 80
_WHOLE: Final = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)"
_INTEGER: Final = re.compile(rf"{_WHOLE}(?:\.0*)?", re.ASCII)
_NUMBER: Final = re.compile(rf"(?:{_WHOLE}(?:\.\d*)?|[+-]?\.\d+)(?:[eE][+-]?\d{{1,2}})?", re.ASCII)
_EMPTY: Final = "is empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a row cannot be loaded: what one of its fields is. Both are for people to read."""

    field: str
    detail: str

    def as_mapping(self) -> Mapping[str, str]:
        """Give it as JSON can hold it."""
        return {"field": self.field, "detail": self.detail}


def row_check(layout: Layout) -> Callable[[Sequence[Cell]], list[Problem]]:
    """Make the function that gives the problems of a row that has a cell for each field.

    Required fields must hold more than white space. A field of a type may be empty; else it must be a whole number, a
    number (both may have thousands in threes, 1,234) or an ISO-like date. The date rule's field is not looked at.
    """
    day = layout.date_rule.field
    required = [(layout.fields.index(name), name) for name in layout.required_fields if name != day]
    typed = [
        (at, name, *_TYPES[FieldType(layout.types[name])])
        for at, name in enumerate(layout.fields)
        if name in layout.types
    ]

    def problems(cells: Sequence[Cell]) -> list[Problem]:
        found = [Problem(field=name, detail=_EMPTY) for at, name in required if is_empty(cells[at])]
        for at, name, fits, detail in typed:
            cell = cells[at]
            if not is_empty(cell) and not fits(cell):
                found.append(Problem(field=name, detail=f"{shown(cell)}{detail}"))
        return found

    return problems


def is_empty(cell: Cell) -> bool:
    """Say whether a cell holds nothing but white space."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def shown(cell: Cell) -> str:
    """Give a value as a problem shows it: quoted, cut, without NUL, and followed by a space; nothing for none."""
    text = without_nul(canonical(cell)[:_SHOWN])
    return f'"{text}" ' if text else ""


def without_nul(text: str) -> str:
    """Give a text as PostgreSQL can hold it: a sign stands for each NUL."""
    return text.replace("\x00", "\ufffd")


def _is_integer(cell: Cell) -> bool:
    if isinstance(cell, str):
        return _INTEGER.fullmatch(cell.strip()) is not None
    return (isinstance(cell, int) and not isinstance(cell, bool)) or (isinstance(cell, float) and cell.is_integer())


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return _NUMBER.fullmatch(cell.strip()) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool) and math.isfinite(cell)


_read_date: Final = parser(None)


def _is_date(cell: Cell) -> bool:
    try:
        _read_date(cell)
    except ValueError:
        return False
    return True


_TYPES: Final[Mapping[FieldType, tuple[Callable[[Cell], bool], str]]] = {
    FieldType.INTEGER: (_is_integer, "is no whole number"),
    FieldType.NUMBER: (_is_number, "is no number"),
    FieldType.DATE: (_is_date, "is no date; write it as 2027-01-31"),
}
