"""What the cells of a column have in common: their type, how many are empty, the least and the greatest. Pure."""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from jobs.tasks.data_sync.dates import parser
from jobs.tasks.data_sync.identity import Cell, canonical

_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})")  # what begins with 0 is a code, what is longer an id
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,14})\.\d{1,15}")
_TRUTHS: Final = frozenset({"true", "false"})
_EXACT: Final = 2.0**53
_LONGEST_DATE: Final = 40
_day_of = parser(None)


class Kind(StrEnum):
    """What a cell holds, or all cells of a column that are not empty."""

    EMPTY = "empty"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    TEXT = "text"
    MIXED = "mixed"


# What two kinds are together, where that is not mixed.
_TOGETHER: Final = {
    frozenset({Kind.INTEGER, Kind.NUMBER}): Kind.NUMBER,
    frozenset({Kind.DATE, Kind.DATETIME}): Kind.DATETIME,
}
# Kinds whose values can be compared with each other.
_FAMILIES: Final = {Kind.INTEGER: Kind.NUMBER, Kind.DATE: Kind.DATETIME}


@dataclass(slots=True)
class Column:
    """What is known of a column so far. `rows` are counted by whoever has them: cells beyond a row's end are empty."""

    characters: int
    kinds: Counter[Kind] = field(default_factory=Counter)
    _least: dict[Kind, Any] = field(default_factory=dict)
    _greatest: dict[Kind, Any] = field(default_factory=dict)

    def add(self, cell: Cell) -> None:
        """Take a cell into account; a text that is a number, a date or a truth counts as that."""
        kind, value = kind_of(cell)
        if kind is Kind.EMPTY:
            return
        self.kinds[kind] += 1
        family = _FAMILIES.get(kind, kind)
        if family not in self._least:
            self._least[family] = self._greatest[family] = value
        elif value < self._least[family]:
            self._least[family] = value
        elif value > self._greatest[family]:
            self._greatest[family] = value

    @property
    def kind(self) -> Kind:
        """What all of its cells are."""
        if not self.kinds:
            return Kind.EMPTY
        if len(self.kinds) == 1:
            return next(iter(self.kinds))
        return _TOGETHER.get(frozenset(self.kinds), Kind.MIXED)

    def as_mapping(self, rows: int) -> Mapping[str, Any]:
        """Describe it. Least and greatest are null for mixed and empty columns; of times in texts the day counts."""
        kind = self.kind
        family = _FAMILIES.get(kind, kind)
        empty = rows - self.kinds.total()
        return {
            "type": kind,
            "types": dict(self.kinds),
            "nulls": empty,
            "null_share": round(empty / rows, 4) if rows else 0.0,
            "min": shown(self._least.get(family), self.characters),
            "max": shown(self._greatest.get(family), self.characters),
        }


def kind_of(cell: Cell) -> tuple[Kind, Any]:
    """Give what a cell is, and its value in a form that can be compared with others of its family."""
    if isinstance(cell, str):
        return _kind_of_text(cell.strip())
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return Kind.EMPTY, None
    if isinstance(cell, bool):
        return Kind.BOOLEAN, cell
    if isinstance(cell, int | float):
        return (Kind.INTEGER if cell == int(cell) else Kind.NUMBER), cell
    return _kind_of_moment(cell)


def shown(value: Cell, characters: int) -> str | float | bool | None:
    """Give a cell as JSON has it: dates and times as texts, whole numbers without a fraction, long texts cut.

    An empty text is null.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < _EXACT else value
    return canonical(value)[:characters].replace("\x00", "\ufffd") or None


def _kind_of_moment(cell: date | time | timedelta) -> tuple[Kind, str]:
    if isinstance(cell, datetime):
        text = canonical(cell)
        return (Kind.DATETIME if " " in text else Kind.DATE), text
    if isinstance(cell, date):
        return Kind.DATE, cell.isoformat()
    # Times and spans come from one cell format; in this form they can be compared as texts.
    return Kind.TIME, cell.isoformat() if isinstance(cell, time) else f"{cell.total_seconds() / 3600:010.4f} h"


def _kind_of_text(text: str) -> tuple[Kind, Any]:
    if not text:
        return Kind.EMPTY, None
    if _INTEGER.fullmatch(text):
        return Kind.INTEGER, int(text)
    if _NUMBER.fullmatch(text):
        return Kind.NUMBER, float(text)
    if text.lower() in _TRUTHS:
        return Kind.BOOLEAN, text.lower() == "true"
    if text[0].isdigit() and len(text) <= _LONGEST_DATE:
        try:
            return (Kind.DATETIME if ":" in text else Kind.DATE), _day_of(text).isoformat()
        except ValueError:
            pass
    return Kind.TEXT, text
