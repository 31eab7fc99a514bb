"""The cells of a sheet that hold an error such as #N/A; calamine's Python side gives them as empty.

So it does with formulas of an xlsx that nobody has calculated, as programs write them that are not Excel: Excel would
show a value, and the file has none. Those are errors here.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Final

from jobs.tasks.data_sync.identity import Cell

# By row, then by column, both counted from 0: what Excel shows there.
ErrorCells = dict[int, dict[int, str]]

# By the codes of the binary formats, xls and xlsb.
_SHOWN: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
_NEWER: Final = ("#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#ERROR!")
UNCALCULATED: Final = "#UNCALCULATED!"
WORDS: Final = frozenset({*_SHOWN.values(), *_NEWER, UNCALCULATED})
_MARK: Final = b't="e"'
_FORMULA: Final = re.compile(rb"<(?:\w{1,20}:)?f[\s/>]")
_CELL: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s                             # a cell
         (?=[^<>]{0,200}\bt="e")                       # that is an error
         [^<>]{0,200}\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,200}>   # and says where it is,
         (?:<(?:\w{1,20}:)?f\b(?:[^<>]{0,500}/>|[^<>]{0,500}>[^<]*</(?:\w{1,20}:)?f>))?   # perhaps its formula,
         <(?:\w{1,20}:)?v>([^<]{1,64})<                # and its value""",
    re.VERBOSE,
)
_VALUELESS: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s                             # a cell
         (?![^<>]{0,200}\bt="(?!n"))                   # that is a number, where a text may be the empty one,
         [^<>]{0,200}\br="([A-Z]{1,3})(\d{1,7})"[^<>]{0,200}>   # and says where it is,
         <(?:\w{1,20}:)?f\b(?:[^<>]{0,500}/>|[^<>]{0,500}>[^<]*</(?:\w{1,20}:)?f>)   # its formula,
         (?:<(?:\w{1,20}:)?v\s{0,9}(?:/>|></(?:\w{1,20}:)?v>))?</(?:\w{1,20}:)?c>   # and no value""",
    re.VERBOSE,
)
# All repetitions are bounded or end at the next tag, so that no sheet makes the search take longer than its length.
_OVERLAP: Final = 16 * 1024  # bytes; longer than the longest formula that can stand between mark and value
_LETTERS: Final = 26
_COLUMNS_MOST: Final = 16_384  # Excel's own bound


def find_errors(pieces: Iterable[bytes]) -> ErrorCells:
    """Find the error cells in the XML of a sheet, to its end. Cells that do not say where they are stay unfound."""
    found: ErrorCells = {}
    before = b""
    for piece in pieces:
        text = before + piece  # what the overlap shows twice is found twice and is the same
        if _MARK in text:
            for letters, row, shown in _CELL.findall(text):
                found.setdefault(int(row) - 1, {})[column_of(letters)] = sys.intern(shown.decode())
        if _FORMULA.search(text) is not None:
            for letters, row in _VALUELESS.findall(text):
                found.setdefault(int(row) - 1, {})[column_of(letters)] = UNCALCULATED
        before = text[-_OVERLAP:]
    return found


def has_errors(xml: bytes) -> bool:
    """Tell whether there may be error cells."""
    return _MARK in xml or _FORMULA.search(xml) is not None


def overlay(cells: list[Cell], errors: Mapping[int, str], left: int) -> None:
    """Put the errors of a row, by column, into its cells, of which the first is in the column `left`.

    A formula that was not calculated may stand beyond the last cell that has something.
    """
    cells.extend([None] * (min(max(errors) + 1, _COLUMNS_MOST) - left - len(cells)))
    for column, shown in errors.items():
        if left <= column < left + len(cells):
            cells[column - left] = shown


def error_of(code: int) -> str:
    """Give what Excel shows for an error of the binary formats."""
    return _SHOWN.get(code, "#ERROR!")


def column_of(letters: bytes) -> int:
    """Give the column, counted from 0, that Excel calls by these letters."""
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number - 1
