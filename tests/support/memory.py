"""Files of tests in memory: a database or an environment is a thousand small ones, which a disk takes long to make."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  Linux' own; folders with unguessable names are made in it
_ENOUGH_BYTES = 6 << 30  # four processes test at once, and a log grows to a gigabyte


def keep_files_in_memory() -> None:
    """Let temporary folders of this process and of those that it starts lie there, where that can be.

    Somebody who has set TMPDIR keeps it.
    """
    if "TMPDIR" not in os.environ and _can_be_used():
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _can_be_used() -> bool:
    """Say whether there is room, and programs can be started from there, as those of an environment are."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK) or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(_MEMORY).free >= _ENOUGH_BYTES
