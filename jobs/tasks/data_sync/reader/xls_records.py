"""The records of an old workbook (xls): the error cells of each of its sheets. No other cells here."""

import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync.reader.error_cells import ErrorCells, error_of
from jobs.tasks.data_sync.reader.notes import Notes
from jobs.tasks.data_sync.reader.xls_stream import book_in

_HEAD: Final = struct.Struct("<HH")  # a record's type, and the bytes of its body
_END: Final = 0x000A
_SHEET: Final = 0x0085
_BEGIN: Final = 0x0809
_FORMULA: Final = 0x0006
_VALUE: Final = 0x0205  # an error or a truth
_CELL: Final = struct.Struct("<HH2xBB")  # row, column, and the error with what it is told by
_RESULT: Final = struct.Struct("<HH2xBxBxxxH")  # of a formula: what it is, and which, where it is no number
_IS_ERROR: Final = 1
_ERROR: Final = 2
_NO_NUMBER: Final = 0xFFFF

# Whatever is an error looks so; what looks so need not be one. Most workbooks have none and are not gone through.
_SIGN: Final = re.compile(rb"\x05\x02\x08\0.{7}\x01|\x06\0.{8}\x02.{5}\xff\xff", re.DOTALL)


def notes_of(path: Path) -> Mapping[int, Notes]:
    """Give the notes of each sheet that has any, by its index. What cannot be made out here is left to who reads it."""
    book = book_in(path)
    if _SIGN.search(book) is None:
        return {}
    found: dict[int, Notes] = {}
    for index, start in enumerate(_starts(book)):
        if errors := _errors(book, start):
            found[index] = Notes(errors=errors)
    return found


def _starts(book: bytes) -> list[int]:
    """Give where the sheets begin, in the order of the workbook."""
    return [int.from_bytes(book[at : at + 4], "little") for kind, at, _ in _records(book, 0) if kind == _SHEET]


def _errors(book: bytes, start: int) -> ErrorCells:
    found: ErrorCells = {}
    for kind, at, length in _records(book, start):
        if kind == _VALUE and length >= _CELL.size:
            row, column, code, is_error = _CELL.unpack_from(book, at)
            if is_error == _IS_ERROR:
                found.setdefault(row, {})[column] = error_of(code)
        elif kind == _FORMULA and length >= _RESULT.size:
            row, column, what, code, no_number = _RESULT.unpack_from(book, at)
            if no_number == _NO_NUMBER and what == _ERROR:
                found.setdefault(row, {})[column] = error_of(code)
    return found


def _records(book: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Give type, start and length of a sheet's records, or of those before all sheets; not those of charts in it."""
    depth = 0
    while at + _HEAD.size <= len(book):
        kind, length = _HEAD.unpack_from(book, at)
        at += _HEAD.size
        if at + length > len(book):
            return
        if kind == _BEGIN:
            depth += 1
        elif kind == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, at, length
        at += length
