"""Files of tests in memory: a database or an environment is a thousand small ones, which a disk takes long to make."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  Linux' own; folders with unguessable names are made in it
_ENOUGH_BYTES = 6 << 30  # four processes test at once, and a log grows to a gigabyte


def has_room() -> bool:
    """Say whether files can be made there, and enough of them."""
    return os.access(MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(MEMORY).free >= _ENOUGH_BYTES


def keep_files_in_memory() -> None:
    """Let temporary folders of this process and of those that it starts lie there, where that can be.

    It cannot where no programs may be started from there: environments have some. Somebody who has set TMPDIR keeps it.
    """
    if "TMPDIR" not in os.environ and has_room() and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
