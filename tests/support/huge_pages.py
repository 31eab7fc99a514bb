"""Huge pages: whether this system gives them at once, and how much of a process lies on them."""

import platform
import re
from pathlib import Path

import pytest

_ALLOWED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
_COLLAPSES = (6, 1)  # the Linux that moves what is there at once
_HUGE = re.compile(r"AnonHugePages: +(\d+) kB")


def _are_given() -> bool:
    release = re.match(r"(\d+)\.(\d+)", platform.release())
    if not (_ALLOWED.exists() and release):
        return False
    return "[never]" not in _ALLOWED.read_text() and (int(release[1]), int(release[2])) >= _COLLAPSES


gives_huge_pages = pytest.mark.skipif(
    not _are_given(), reason="this system does not move what is there to huge pages at once"
)


def huge_kb(pid: int) -> int:
    """Give how much of a process lies on huge pages, in KB."""
    found = _HUGE.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found[1]) if found else 0
