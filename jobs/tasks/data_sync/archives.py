"""What a zip archive is, told by its directory: one of the workbooks that are zip archives, or something else."""

import struct
import zipfile
import zlib
from typing import BinaryIO, Final

from jobs.tasks.data_sync.errors import NotASpreadsheetError, not_a_spreadsheet, with_macros, with_password
from jobs.tasks.data_sync.model import FileFormat

SIGNATURE: Final = b"PK\x03\x04"
MANIFEST: Final = "META-INF/manifest.xml"
ENCRYPTION: Final = b"encryption-data"  # in the manifest of an ods that is protected by a password

_BOOKS: Final = (("xl/workbook.xml", FileFormat.XLSX), ("xl/workbook.bin", FileFormat.XLSB))
_MACROS: Final = ("xl/vbaproject.bin", "basic/", "scripts/")
_TYPES: Final = "[Content_Types].xml"
_SHEET_TYPES: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
_MIMETYPE: Final = "mimetype"
_ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"
_HEAD_BYTES: Final = 256 * 1024  # of a part that is looked at
_ENCRYPTED: Final = 0x1  # a flag bit of a zip member
_STRANGERS: Final = (
    ("word/", "a Word document (.docx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("Index/Document.iwa", "a workbook of Apple Numbers"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
)
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_COMMENT_BYTES: Final = 65_535  # what may follow the end record at most
_END_64: Final = b"PK\x06\x06"
_END_64_BYTES: Final = 56 + 20  # the zip64 end record and its locator, right before the end record
_DIRECTORY_BYTES: Final = 1024 * 1024  # some 10,000 parts; zipfile would load a directory of any size


def look_inside(file: BinaryIO) -> FileFormat:
    """Tell what a zip archive holds; NotASpreadsheetError where that cannot be read here, or is protected."""
    if _directory_bytes(file) > _DIRECTORY_BYTES:
        raise not_a_spreadsheet("a zip archive of very many files")
    try:
        with zipfile.ZipFile(file) as archive:
            return _told(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise NotASpreadsheetError(
            "The file is a damaged or incomplete zip archive. If it is a workbook, save it again and send that."
        ) from error


def _told(archive: zipfile.ZipFile) -> FileFormat:
    names = archive.namelist()
    if any(part.flag_bits & _ENCRYPTED for part in archive.infolist()):
        raise with_password()
    found = next((book for part, book in _BOOKS if part in names), None)
    if _SHEET_TYPES in _head(archive, _TYPES):
        found = found or FileFormat.XLSX
    if _head(archive, _MIMETYPE).startswith(_ODS_TYPE):
        if ENCRYPTION in _head(archive, MANIFEST):
            raise with_password()
        found = FileFormat.ODS
    if found is None:
        what = next((what for sign, what in _STRANGERS if any(name.startswith(sign) for name in names)), None)
        raise not_a_spreadsheet(what or "a zip archive that holds no workbook")
    if any(name.lower().startswith(_MACROS) for name in names):
        raise with_macros()
    return found


def _head(archive: zipfile.ZipFile, part: str) -> bytes:
    try:
        with archive.open(part) as file:
            return file.read(_HEAD_BYTES)
    except KeyError:
        return b""


def _directory_bytes(file: BinaryIO) -> int:
    """Give the size of the directory that zipfile would load, found as zipfile finds it; 0 where there is none."""
    size = file.seek(0, 2)
    file.seek(max(size - _COMMENT_BYTES - _END_BYTES - _END_64_BYTES, 0))
    tail = file.read()
    bare = tail[-_END_BYTES:].startswith(_END) and tail.endswith(b"\0\0")
    end = len(tail) - _END_BYTES if bare else tail.rfind(_END)
    record_64 = tail[max(end - _END_64_BYTES, 0) : max(end, 0)]
    if record_64.startswith(_END_64):
        return int(struct.unpack_from("<Q", record_64, 40)[0])
    return int(struct.unpack_from("<L", tail.ljust(end + 16), end + 12)[0]) if end >= 0 else 0
