"""The stream of an old workbook, followed through the tables of sectors of its compound file. It knows no records.

What leads nowhere ends the stream: calamine is the one that says what is damaged.
"""

import mmap
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync.compounds import BOOKS, EXPONENT_AT, SECTOR_BYTES, START_AT, entry_of

_STARTS: Final = struct.Struct("<L4xLL")  # the directory's first sector, which streams are small, and their table's
_STARTS_AT: Final = 48
_MORE_AT: Final = 68  # which sector goes on with the list of the table's parts
_PARTS_AT: Final = 76  # where that list begins
_PARTS: Final = struct.Struct("<109L")
_SMALL_BYTES: Final = 64  # of a sector of small streams
_NUMBER_BYTES: Final = 4


def book_in(path: Path) -> bytes:
    """Give the stream; nothing where there is none. It takes the memory that the file has on disk, and no more."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        bytes_each = SECTOR_BYTES.get(content[EXPONENT_AT])
        if bytes_each is None:
            return b""
        sectors = _Sectors(content, bytes_each)
        directory_start, small_below, small_table = _STARTS.unpack_from(content, _STARTS_AT)
        directory = sectors.stream(directory_start)
        entry = next((at for at in (entry_of(directory, name) for name in BOOKS) if at is not None), None)
        if entry is None:
            return b""
        start, size = struct.unpack_from("<LL", directory, entry + START_AT)
        if size >= small_below:
            return sectors.stream(start)[:size]
        # The small ones are kept together in the stream of the directory's first entry, the root.
        (together,) = struct.unpack_from("<L", directory, START_AT)
        return _small(sectors.stream(together), _numbers(sectors.stream(small_table)), start)[:size]


class _Sectors:
    """The sectors of a file, and which follows which, as far as it has the parts of that table."""

    def __init__(self, content: mmap.mmap, bytes_each: int) -> None:
        self._content = content
        self._bytes = bytes_each
        self._most = len(content) // bytes_each
        self._following = array("I")
        for part in self._parts():
            if part >= self._most or len(self._following) >= self._most:
                break
            self._following.frombytes(self._at(part).ljust(bytes_each, b"\xff"))

    def stream(self, start: int) -> bytes:
        """Give what begins in a sector, to its end."""
        return b"".join(self._at(sector) for sector in _chain(start, self._following, self._most))

    def _parts(self) -> Iterator[int]:
        yield from _PARTS.unpack_from(self._content, _PARTS_AT)
        (more,) = struct.unpack_from("<L", self._content, _MORE_AT)
        for _ in range(self._most):
            numbers = _numbers(self._at(more)) if more < self._most else ()
            if not numbers:
                return
            yield from numbers[:-1]
            more = numbers[-1]

    def _at(self, sector: int) -> bytes:
        return self._content[(sector + 1) * self._bytes : (sector + 2) * self._bytes]


def _small(together: bytes, following: Sequence[int], start: int) -> bytes:
    """Give one of the small streams."""
    return b"".join(
        together[sector * _SMALL_BYTES : (sector + 1) * _SMALL_BYTES]
        for sector in _chain(start, following, len(together) // _SMALL_BYTES + 1)
    )


def _numbers(content: bytes) -> Sequence[int]:
    numbers = array("I")
    numbers.frombytes(content[: len(content) // _NUMBER_BYTES * _NUMBER_BYTES])
    return numbers


def _chain(start: int, following: Sequence[int], most: int) -> Iterator[int]:
    """Follow the sectors of a stream; no more than there are, whatever goes in circles."""
    for _ in range(most):
        if start >= len(following):
            return
        yield start
        start = following[start]
