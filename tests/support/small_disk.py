"""A disk that is soon full, seen by one process and its children alone; it is gone with them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_MOUNTED = 'mkdir -p "$0" && mount -t tmpfs -o size="$1" tmpfs "$0" && shift && exec "$@"'


def on_a_small_disk(folder: Path, size: str) -> Sequence[str]:
    """Give the words before a command that let `folder` be a disk of this size; skip the test where none may mount."""
    words = ("unshare", "--mount", "/bin/sh", "-c", _MOUNTED, str(folder), size)
    is_root = sys.platform == "linux" and os.geteuid() == 0
    if not is_root or subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs root on Linux, with the right to mount")
    return words
