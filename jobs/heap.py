"""What a process that serves has made by its start, which stays: the collector leaves it alone, huge pages hold it."""

import ctypes
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Linux'; see madvise(2). Other systems have no such file, and no such words.
_MAPS: Final = Path("/proc/self/maps")
_ALLOWED: Final = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_HUGE_PAGE: Final = 2 * 1024 * 1024
_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25  # since 6.1


def settle() -> None:
    """Tell the system that what was made so far is there to stay. To be called once, at the end of the start.

    An interpreter at work walks all over some thirty megabytes of small objects. On pages of 4 KiB these have more
    addresses than a processor remembers; to look one up takes longest where the machine is itself a virtual one.
    """
    gc.collect()
    gc.freeze()
    _take_huge_pages()


def _take_huge_pages() -> None:
    """Move the heap to huge pages, as far as the system has some to spare; where its operator wants none, leave it.

    What cannot be moved stays where it is, and works as well.
    """
    try:
        if "[never]" in _ALLOWED.read_text():
            return
        maps, madvise = _MAPS.read_text(), ctypes.CDLL(None).madvise
    except (OSError, AttributeError):
        return
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in _heap(maps):
        madvise(start, end - start, _MADV_HUGEPAGE)  # what is yet to come there, too
        for page in range(-(-start // _HUGE_PAGE) * _HUGE_PAGE, end - _HUGE_PAGE + 1, _HUGE_PAGE):
            madvise(page, _HUGE_PAGE, _MADV_COLLAPSE)


def _heap(maps: str) -> Iterator[tuple[int, int]]:
    """Give the ranges of addresses in which the process keeps what it makes: private, writable, and of no file."""
    for line in maps.splitlines():
        span, permissions, _, _, _, *name = line.split()
        if permissions == "rw-p" and name in ([], ["[heap]"]):
            start, _, end = span.partition("-")
            yield int(start, 16), int(end, 16)
