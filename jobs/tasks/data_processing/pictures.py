"""What an xlsx tells of its pictures without being opened: whether it has any. Where they are is the worker's."""

import zipfile
from pathlib import Path
from typing import Final

FOLDER: Final = "xl/media/"


def has_pictures(path: Path) -> bool:
    """Say whether a file is an xlsx with pictures in it. It reads the zip's directory only, but blocks.

    False for whatever is no zip archive, and for a file that is not there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.startswith(FOLDER) and name != FOLDER for name in archive.namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
