"""The XML of a sheet cut between its rows into small sheets. It reads no cell."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

_DATA: Final = re.compile(rb"<((?:[\w.-]{1,20}:)?)sheetData(?:\s[^<>]{0,200}?)?(/?)>")
_NUMBER: Final = re.compile(rb"""<(?:[\w.-]{1,20}:)?row(?=[\s/>])(?:[^<>]{0,200}?\sr=["'](\d{1,7})["'])?""")
_HEAD_BYTES: Final = 16 * 1024 * 1024  # what may stand before the rows; the widths of all columns are two of these
_OVERLAP: Final = 64  # bytes; longer than the longest tag that is looked for
_OPENING: Final = b"<worksheet><sheetData>"
_ROW_BEFORE: Final = b'<row r="%d"></row>'  # a row that does not say its number is the one after the row before it
_CLOSING: Final = b"</sheetData></worksheet>"


class Slices:
    """Cuts one sheet. `last_row` is the number of the last row so far, 0 before there is one."""

    def __init__(self, least_bytes: int) -> None:
        """Take the size of a slice: it ends where the first row begins after so many bytes."""
        self._least = max(least_bytes, 1)
        self.last_row = 0

    def cut(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Give every row once, in sheets that have nothing else; none for what is no sheet.

        All pieces are gone through. Where the sheet breaks off within its rows, the last slice does.
        """
        left = iter(pieces)
        buffer = bytearray()
        opened = None
        while opened is None and len(buffer) < _HEAD_BYTES and (piece := next(left, b"")):
            buffer += piece
            opened = _DATA.search(buffer)
        if opened is not None and not opened[2]:
            rows = bytes(buffer[opened.end() :])
            yield from self._cut(chain([rows], left), prefix=bytes(opened[1]))
        deque(left, maxlen=0)

    def _cut(self, pieces: Iterable[bytes], *, prefix: bytes) -> Iterator[bytes]:
        row = re.compile(rb"<%brow(?=[\s/>])" % re.escape(prefix))
        closing = b"</%bsheetData" % prefix
        buffer = bytearray()
        for piece in pieces:
            seen = max(len(buffer) - _OVERLAP, 0)
            buffer += piece
            end = buffer.find(closing, seen)
            while found := row.search(buffer, max(self._least, seen), len(buffer) if end < 0 else end):
                start, seen = found.start(), 0
                end = max(end - start, -1)
                yield self._slice(buffer[:start]) + _CLOSING
                del buffer[:start]
            if end >= 0:
                yield self._slice(buffer[:end]) + _CLOSING
                return
        yield self._slice(buffer)

    def _slice(self, rows: bytes | bytearray) -> bytes:
        opening = _OPENING + (_ROW_BEFORE % self.last_row if self.last_row else b"")
        for number in _NUMBER.findall(rows):
            self.last_row = int(number) if number else self.last_row + 1
        return opening + rows
