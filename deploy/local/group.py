"""A process group by the id of its leader, which may be gone while others of it run."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_ENDED = "ZX"


def signal_group(leader: int, number: signal.Signals) -> None:
    """Signal all of the group; nothing if nobody is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # EPERM: macOS, for a group of zombies
        os.killpg(leader, number)


def group_runs(leader: int) -> bool:
    """Say whether one of the group has not ended; a zombie has, whether or not somebody waits for it."""
    try:
        os.killpg(leader, 0)
    except (ProcessLookupError, PermissionError):
        return False
    stats = list(_stats())
    return not stats or any(int(group) == leader and state not in _ENDED for state, _, group, *_ in stats)


def _stats() -> Iterator[list[str]]:
    """Give state, parent, group and so on of every process; of none where there is no /proc."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            yield stat.read_text(errors="replace").rpartition(")")[2].split()
