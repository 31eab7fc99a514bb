"""What an OLE2 compound file is, told by the names of its streams: an old workbook, or something else.

Its tables of sectors are not loaded, since a hostile one may claim any size: entries of the directory are known by
their form, wherever they lie. The reading process alone follows them (`reader.xls_stream`).
"""

import mmap
import struct
from typing import BinaryIO, Final

from jobs.tasks.data_sync.errors import NotASpreadsheetError, not_a_spreadsheet, with_macros, with_password
from jobs.tasks.data_sync.model import FileFormat

SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_ENTRY_BYTES: Final = 128  # of a directory entry, which lies at a multiple of it
_ENTRY_TAIL: Final = struct.Struct("<64xHB")  # after the name: its bytes with the closing NUL, and the type
START_AT: Final = 116  # where an entry says its stream's first sector
_TYPES: Final = (1, 2)  # a storage or a stream
SECTOR_BYTES: Final = {9: 512, 12: 4096}  # by the exponent in the header
EXPONENT_AT: Final = 30

BOOKS: Final = ("Workbook", "Book", "WORKBOOK", "BOOK")
_PROTECTED: Final = "EncryptedPackage"  # a newer workbook as a whole
_MACROS: Final = "_VBA_PROJECT_CUR"
_STRANGERS: Final = (
    ("WordDocument", "an old Word document (.doc)"),
    ("PowerPoint Document", "an old PowerPoint presentation (.ppt)"),
    ("VisioDocument", "a Visio drawing"),
    ("__properties_version1.0", "an Outlook message (.msg)"),
)

_RECORD: Final = struct.Struct("<HH")  # a BIFF record's type and the length of its body
_BOF: Final = frozenset({0x0009, 0x0209, 0x0409, 0x0809})
_FILEPASS: Final = 0x002F
_BEFORE_FILEPASS: Final = 3  # records that may stand between the beginning and it


def look_inside(file: BinaryIO) -> FileFormat:
    """Tell what a compound file holds; NotASpreadsheetError where that cannot be read here, or is protected."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if entry_of(content, _PROTECTED) is not None:
            raise with_password()
        book = next((at for at in (entry_of(content, name) for name in BOOKS) if at is not None), None)
        if book is None:
            what = next((what for name, what in _STRANGERS if entry_of(content, name) is not None), None)
            raise _damaged() if what is None else not_a_spreadsheet(what)
        if _asks_password(content, book):
            raise with_password()
        if entry_of(content, _MACROS) is not None:
            raise with_macros()
    return FileFormat.XLS


def entry_of(content: mmap.mmap | bytes, name: str) -> int | None:
    """Give where the directory entry of this name lies."""
    sought = name.encode("utf-16-le") + b"\0\0"
    at = content.find(sought, _ENTRY_BYTES)
    while at >= 0:
        if at % _ENTRY_BYTES == 0 and at + _ENTRY_BYTES <= len(content):
            length, kind = _ENTRY_TAIL.unpack_from(content, at)
            if length == len(sought) and kind in _TYPES:
                return at
        at = content.find(sought, at + 1)
    return None


def _asks_password(content: mmap.mmap, entry: int) -> bool:
    sector = SECTOR_BYTES.get(content[EXPONENT_AT])
    if sector is None:
        raise _damaged()
    (start,) = struct.unpack_from("<L", content, entry + START_AT)
    at, end = (start + 1) * sector, (start + 2) * sector
    for number in range(_BEFORE_FILEPASS + 2):
        if at + _RECORD.size > min(end, len(content)):
            return False
        kind, length = _RECORD.unpack_from(content, at)
        if number == 0 and kind not in _BOF:
            return False  # a stream of less than 4 KiB lies elsewhere; the reader finds it unreadable
        if kind == _FILEPASS:
            return True
        at += _RECORD.size + length
    return False


def _damaged() -> NotASpreadsheetError:
    return NotASpreadsheetError(
        "The file is a compound file, as old workbooks (.xls) are, but no workbook is found in it. "
        "It may be damaged or cut off; save it again and send that."
    )
