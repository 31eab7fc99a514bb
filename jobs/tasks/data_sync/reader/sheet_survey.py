"""What only a whole sheet tells, found in its XML as it passes by: merged ranges and the first column. No cells."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from jobs.tasks.data_sync.reader.error_cells import column_of
from jobs.tasks.data_sync.reader.merges import Range

_MARK: Final = b"mergeCell"
_MERGED: Final = re.compile(
    rb"""<(?:\w{1,20}:)?mergeCell\s[^<>]{0,100}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\""""
)
_FILLED: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s(?:[^<>]{0,100}\s)?r="([A-Z]{1,3})\d{1,7}"(?:[^<>]{0,100}[^<>/])?>  # a cell with something
         (?:<(?:\w{1,20}:)?f\b(?:[^<>]{0,500}/>|[^<>]{0,500}>[^<]*</(?:\w{1,20}:)?f>))?   # in it: perhaps its formula,
         <(?:\w{1,20}:)?(?:v>[^<]|is\b)                                                  # and a value""",
    re.VERBOSE,
)
# A cell that does not say where it is: it is where the one before ends.
_PLACELESS: Final = re.compile(rb"<(?:\w{1,20}:)?c(?:\s(?:(?!\br=)[^<>]){0,100})?(?<!/)>")
_FIRST: Final = b"A"
_OVERLAP: Final = 256  # bytes; longer than the longest match but for formulas


class Survey:
    """Watches one sheet."""

    def __init__(self) -> None:
        self._ranges: set[Range] = set()
        self._columns: set[bytes] = set()

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Hand the pieces of the XML on; at their end all is known."""
        before = b""
        for piece in pieces:
            text = before + piece  # what the overlap shows twice is found twice and is the same
            if _MARK in text:
                for left, top, right, bottom in _MERGED.findall(text):
                    self._ranges.add(((int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right))))
            if _FIRST not in self._columns:
                self._columns.update(_FILLED.findall(text))
                if _PLACELESS.search(text):
                    self._columns.add(_FIRST)
            before = text[-_OVERLAP:]
            yield piece

    @property
    def ranges(self) -> Sequence[Range]:
        """The merged ranges, in order."""
        return sorted(self._ranges)

    @property
    def left(self) -> int:
        """The first column with a value, counted from 0; 0 where cells do not say where they are."""
        return min(map(column_of, self._columns), default=0)
