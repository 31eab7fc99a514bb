"""The first admin key of a site on this machine: made once, kept in a file that only its owner reads."""

import contextlib
import os
import secrets
from pathlib import Path

LEAST_LENGTH = 32


def admin_key(path: Path) -> tuple[str, bool]:
    """Return the key in `path`, and whether it was made just now."""
    with contextlib.suppress(FileNotFoundError):
        key = path.read_text().strip()
        if len(key) >= LEAST_LENGTH:
            return key, False
    key = secrets.token_urlsafe(32)
    write_private(path, key + "\n")
    return key, True


def write_private(path: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner only from its first byte."""
    half_written = path.with_name(f"{path.name}.new")
    half_written.unlink(missing_ok=True)
    with os.fdopen(os.open(half_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    half_written.replace(path)
