"""The folder of uploads, on a real disk."""

import io
import os
import time
from pathlib import Path

from jobs.tasks.data_sync.uploads import Uploads


def test_what_killed_processes_have_left_is_swept_a_day_later(tmp_path: Path) -> None:
    """By the next upload; not what another process may still be writing, and never an upload."""
    uploads = Uploads(tmp_path)
    first = uploads.path_of(uploads.keep(io.BytesIO(b"no,sku\n1,2\n")).sha256)
    old, fresh = (tmp_path / "files" / name for name in (".upload-old", ".upload-fresh"))
    long_ago = time.time() - 90_000
    for path in (old, fresh):
        path.write_bytes(b"half")
    for path in (old, first):
        os.utime(path, (long_ago, long_ago))
    second = uploads.path_of(uploads.keep(io.BytesIO(b"no,sku\n3,4\n")).sha256)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == {first, fresh, second}
