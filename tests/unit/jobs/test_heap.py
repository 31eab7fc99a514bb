"""What a process that serves has made by its start lies on huge pages, and the collector does not look at it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.huge_pages import gives_huge_pages

# Half a million small objects, some 60 MB, which lie in Python's own arenas.
_PROGRAM = """
import gc, re, sys
from pathlib import Path
from jobs import heap

def huge_kb():
    return int(re.search(r"AnonHugePages: +([0-9]+)", Path("/proc/self/smaps_rollup").read_text())[1])

if len(sys.argv) > 1:
    heap._ALLOWED = Path(sys.argv[1])
kept = [None] * 500_000  # of its full size at once: one that grows leaves gaps between the arenas
for number in range(len(kept)):
    kept[number] = [number]
before = huge_kb() if heap._MAPS.exists() else 0
heap.settle()
after = huge_kb() if heap._MAPS.exists() else 0
assert all(one == [number] for number, one in enumerate(kept))
print(after - before, gc.get_freeze_count())
"""


def _settled(*arguments: str) -> tuple[int, int]:
    """Give what a process has got on huge pages, in KB, and how many objects are left alone."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    huge_kb, frozen = map(int, done.stdout.split())
    return huge_kb, frozen


@gives_huge_pages
def test_most_of_a_heap_gets_huge_pages() -> None:
    """All but its edges."""
    huge_kb, _ = _settled()
    assert huge_kb > 32 * 1024


@pytest.mark.parametrize("said", ["always madvise [never]\n", None])
def test_where_huge_pages_are_not_wanted_or_not_known_there_are_none(said: str | None, tmp_path: Path) -> None:
    """And the process works all the same."""
    allowed = tmp_path / "enabled"
    if said is not None:
        allowed.write_text(said)
    huge_kb, frozen = _settled(os.fspath(allowed))
    assert huge_kb == 0
    assert frozen > 0


def test_the_collector_leaves_alone_what_was_made_by_the_start() -> None:
    """All half a million of them here."""
    _, frozen = _settled()
    assert frozen > 500_000
