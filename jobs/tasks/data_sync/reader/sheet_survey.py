"""The merged ranges of an xlsx sheet that is to be streamed, and how many rows it has. No cells here."""

import re
from collections.abc import Iterable
from typing import Final

from jobs.tasks.data_sync.reader.error_cells import column_of
from jobs.tasks.data_sync.reader.merges import Range
from jobs.tasks.data_sync.reader.notes import Notes

_MARK: Final = b"mergeCell"
_MERGED: Final = re.compile(
    rb"""<(?:\w{1,20}:)?mergeCell\s[^<>]{0,100}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\""""
)
_ROW: Final = re.compile(rb"<(?:\w{1,20}:)?row[\s>]")
_FILLED: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s(?:[^<>]{0,100}\s)?r="([A-Z]{1,3})\d{1,7}"(?:[^<>]{0,100}[^<>/])?>"""
)
_FIRST: Final = b"A"
_OVERLAP: Final = 256  # bytes; longer than the longest match


def survey(pieces: Iterable[bytes]) -> Notes:
    """Go through the XML of a sheet to its end. The number of rows is an estimate."""
    ranges: set[Range] = set()
    columns: set[bytes] = set()
    rows = 0
    before = b""
    for piece in pieces:
        rows += len(_ROW.findall(piece))
        text = before + piece  # what the overlap shows twice is found twice and is the same
        if _MARK in text:
            for left, top, right, bottom in _MERGED.findall(text):
                ranges.add(((int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right))))
        if _FIRST not in columns:
            columns.update(_FILLED.findall(text))
        before = text[-_OVERLAP:]
    left = min(map(column_of, columns), default=0)
    return Notes(ranges=sorted(ranges), is_large=True, rows=rows, left=left)
