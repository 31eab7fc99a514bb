"""What a workbook tells of its pictures without being opened: whether it has any. Where they are is the worker's."""

import mmap
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync.compounds import SIGNATURE as OLD_BOOK
from jobs.tasks.data_sync.model import FileFormat

# Where the formats whose pictures are read keep them.
FOLDERS: Final[Mapping[FileFormat, str]] = {
    FileFormat.XLSX: "xl/media/",
    FileFormat.XLSB: "xl/media/",
    FileFormat.ODS: "Pictures/",
}

# The heads of an old workbook's records of pictures (EMF, WMF, PICT, JPEG, PNG, DIB, TIFF), by instance and type.
_OLD: Final = re.compile(
    rb"(?:[\x40\x50]\x3d\x1a|[\x60\x70]\x21\x1b|[\x20\x30]\x54\x1c|[\xa0\xb0]\x46\x1d|[\x20\x30]\x6e\x1d"
    rb"|[\x00\x10]\x6e\x1e|[\x80\x90]\x7a\x1f|[\x40\x50]\x6e\x29)\xf0"
)


def has_pictures(path: Path) -> bool:
    """Say whether a file is a workbook with pictures in it, old ones (xls) too.

    It reads the directory of a zip archive only, but all of an old workbook; it blocks. False for whatever is neither,
    and for a file that is not there.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content[: len(OLD_BOOK)] == OLD_BOOK:
                return _OLD.search(content) is not None
            with zipfile.ZipFile(file) as archive:
                return any(
                    name.startswith(folder) and name != folder
                    for name in archive.namelist()
                    for folder in set(FOLDERS.values())
                )
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
