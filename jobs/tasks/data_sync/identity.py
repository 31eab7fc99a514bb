"""Who a row is: the hash of its key fields. It knows nothing of dates, repeats or tables."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final

# What a cell may hold: text from csv; text, numbers, truth values, dates and nothing from xlsx.
Cell = str | int | float | bool | datetime | date | time | timedelta | None

_MIDNIGHT: Final = time()


def key_hash(values: Iterable[Cell]) -> bytes:
    """Give the 32 bytes that identify a row: SHA-256 over the UTF-8 of `length ":" text` of each value.

    The text is the canonical one, the length its number of characters; so ("1", "23") and ("12", "3") differ. In SQL:
    `sha256(convert_to(length(a) || ':' || a || length(b) || ':' || b, 'UTF8'))`.
    """
    texts = map(canonical, values)
    return hashlib.sha256("".join([f"{len(text)}:{text}" for text in texts]).encode()).digest()


def canonical(value: Cell) -> str:
    """Give the text under which a value is the same in every format that it may come in.

    Text is stripped and else left alone ("17850.0" stays). Whole numbers lose their ".0", so Excel's 536365.0 is the
    text "536365". Dates are ISO, with a space before the time as exports have it; a midnight is its date, since Excel
    cannot tell the two apart. Nothing is the empty text, truth is what Excel exports: TRUE and FALSE.
    """
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return _moment(value)
    return str(value)


def _moment(value: datetime) -> str:
    return value.date().isoformat() if value.time() == _MIDNIGHT else value.isoformat(sep=" ")
