"""The records of an xlsb's parts: which sheet is which part, its merged ranges and error cells. No other cells here."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.reader.error_cells import ErrorCells, error_of
from jobs.tasks.data_sync.reader.merges import Range
from jobs.tasks.data_sync.reader.notes import Notes

_ROW: Final = 0
_ERROR: Final = 3
_FORMULA_ERROR: Final = 11
_END_OF_ROWS: Final = 146
_SHEET: Final = 156
_MERGED: Final = 176
_KINDS: Final = frozenset({_ROW, _ERROR, _FORMULA_ERROR, _END_OF_ROWS, _SHEET, _MERGED})
_HEAD_BYTES: Final = 6  # of a record at most: two for its type, four for its length
_MORE: Final = 0x80  # a flag bit: another byte of the number follows
_NO_RELATION: Final = 0xFFFF_FFFF

_U32: Final = struct.Struct("<L")
_ERROR_CELL: Final = struct.Struct("<L4xB")
_RANGE: Final = struct.Struct("<4L")


def sheet_relations(pieces: Iterable[bytes]) -> Mapping[str, str]:
    """Give the relation of each sheet by its name, in the order of the workbook, from its main part."""
    found = {}
    with _whole():
        for kind, body in _records(pieces):
            if kind == _SHEET:
                (length,) = _U32.unpack_from(body, 8)
                if length != _NO_RELATION:
                    found[_text(body, 12 + 2 * length)] = _text(body, 8)
    return found


def notes_of(pieces: Iterable[bytes]) -> Notes:
    """Find the merged ranges and the error cells in the part of a sheet, to its end."""
    errors: ErrorCells = {}
    ranges: list[Range] = []
    row = 0
    has_rows = True  # some writers fill up with zeros behind them, which would be rows of nothing
    with _whole():
        for kind, body in _records(pieces):
            if kind == _END_OF_ROWS:
                has_rows = False
            elif kind == _MERGED:
                top, bottom, left, right = _RANGE.unpack_from(body)
                ranges.append(((top, left), (bottom, right)))
            elif kind == _ROW and has_rows:
                (row,) = _U32.unpack_from(body)
            elif kind in (_ERROR, _FORMULA_ERROR) and has_rows:
                column, code = _ERROR_CELL.unpack_from(body)
                errors.setdefault(row, {})[column] = error_of(code)
    return Notes(errors=errors, ranges=ranges)


def _records(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Give the records that are of use here."""
    buffer, at = b"", 0
    for piece in pieces:
        buffer, at = buffer[at:] + piece, 0
        while at + _HEAD_BYTES <= len(buffer):
            kind, length, start = _head(buffer, at)
            if start + length > len(buffer):
                break
            if kind in _KINDS:
                yield kind, buffer[start : start + length]
            at = start + length
    while at < len(buffer):
        kind, length, start = _head(buffer, at)
        at = start + length
        # What is not whole is no longer than the buffer, which ends the loop, and too short to be unpacked.
        yield kind, buffer[start:at]


@contextmanager
def _whole() -> Iterator[None]:
    """Let a record that is not whole be UnreadableFileError, whoever finds it."""
    try:
        yield
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"The workbook is damaged: a record of it cannot be read ({error}).") from error


def _text(body: bytes, at: int) -> str:
    (length,) = _U32.unpack_from(body, at)
    return body[at + 4 : at + 4 + 2 * length].decode("utf-16-le")


def _head(buffer: bytes, at: int) -> tuple[int, int, int]:
    """Read the type and the length of a record, and where its body starts."""
    kind = buffer[at]
    at += 1
    if kind & _MORE:
        kind = kind & ~_MORE | (buffer[at] & ~_MORE) << 7
        at += 1
    length = shift = 0
    for shift in (0, 7, 14, 21):
        byte = buffer[at]
        at += 1
        length |= (byte & ~_MORE) << shift
        if not byte & _MORE:
            break
    return kind, length, at
