"""Where the servers of tests keep their files."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server_folder() -> Iterator[Path]:
    """Make a folder for servers of the tests, and remove it, though one that is killed may still write."""
    with tempfile.TemporaryDirectory(prefix="switchyard-tests-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
