"""Where the servers of tests keep their files: in memory where there is room, whatever TMPDIR says."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.memory import MEMORY, has_room


@contextmanager
def server_folder() -> Iterator[Path]:
    """Make a folder for servers of the tests, and remove it, though one that is killed may still write."""
    where = MEMORY if has_room() else None
    with tempfile.TemporaryDirectory(prefix="switchyard-tests-", dir=where, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
