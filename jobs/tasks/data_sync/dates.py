"""A row's business date, read from one cell. It never guesses between day and month, and converts no time zones."""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from jobs.tasks.data_sync.identity import Cell, canonical

_YEARS: Final = range(1900, 3000)
_REMEMBERED: Final = 16_384  # distinct texts for one parser; an export repeats its few dates on every row
_SHOWN: Final = 40

_TIME: Final = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
_ZONE: Final = r"(?:\s*(?:Z|[+-]\d{2}(?::?\d{2})?))?"
_ISO_LIKE: Final = re.compile(
    rf"""(?: (?P<y>\d{{4}}) (?P<separator>[-/.]) (?P<m>\d{{1,2}}) (?P=separator) (?P<d>\d{{1,2}})
           | (?P<compact>\d{{8}})
           | (?P<cy>\d{{4}}) \s* 年 \s* (?P<cm>\d{{1,2}}) \s* 月 \s* (?P<cd>\d{{1,2}}) \s* 日
         ) (?: (?: \s+ | \s*T\s* | (?<=日) ) {_TIME} {_ZONE} )?""",
    re.VERBOSE,
)
_AMBIGUOUS: Final = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{2,4}(?:\s.*)?")


def parser(form: str | None) -> Callable[[Cell], date]:
    """Make the function that reads a date from a cell, or raises ValueError with a short reason.

    `form` is a strptime format for texts and numbers; None takes ISO dates, Y/M/D, Y.M.D, YYYYMMDD and Y年M月D日, each
    with or without a time of day. Cells that are dates already always pass. The date is the one written, in whatever
    zone. Years outside 1900 to 2999 are refused.
    """

    @lru_cache(maxsize=_REMEMBERED)
    def read_text(text: str) -> date:
        text = unicodedata.normalize("NFKC", text).strip()
        if not text:
            raise ValueError("is empty")
        return _in_range(_iso_like(text) if form is None else _formatted(text, form))

    def read(cell: Cell) -> date:
        if isinstance(cell, str):
            return read_text(cell)
        if isinstance(cell, datetime):
            return _in_range(cell.date())
        if isinstance(cell, date):
            return _in_range(cell)
        return read_text(canonical(cell))

    return read


def _iso_like(text: str) -> date:
    found = _ISO_LIKE.fullmatch(text)
    if found is None:
        if _AMBIGUOUS.fullmatch(text):
            raise ValueError("may be day or month first: set date_rule.format, for example %d/%m/%Y")
        raise ValueError("is no date")
    compact = found["compact"]
    parts = (compact[:4], compact[4:6], compact[6:]) if compact else _written_parts(found)
    try:
        year, month, day = map(int, parts)
        return date(year, month, day)
    except ValueError:
        raise ValueError("is no date") from None


def _written_parts(found: re.Match[str]) -> tuple[str, str, str]:
    return (found["y"] or found["cy"], found["m"] or found["cm"], found["d"] or found["cd"])


def _formatted(text: str, form: str) -> date:
    try:
        # Only the date is kept, so the zone of the time does not matter.
        return datetime.strptime(text, form).date()  # noqa: DTZ007
    except ValueError:
        raise ValueError(f"is no date of the form {form[:_SHOWN]}") from None


def _in_range(found: date) -> date:
    if found.year not in _YEARS:
        raise ValueError(f"has the year {found.year}, outside {_YEARS.start} to {_YEARS.stop - 1}")
    return found
