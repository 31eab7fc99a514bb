"""What a file is, told by its content and never by its name. Whether it can be read is found out by reading it."""

import codecs
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from jobs.tasks.data_sync.errors import NotASpreadsheetError
from jobs.tasks.data_sync.model import FileFormat
from jobs.tasks.data_sync.reader.csv_text import candidates

FIRST_BYTES: Final = 4096  # how many of them `tell` wants; fewer will do where the file has no more

_ZIP: Final = b"PK\x03\x04"
_OLE2: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STRANGERS: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a part of a zip archive"),
    (b"MZ\x90\x00", "a program"),
    (b"\x7fELF", "a program"),
)
_MARKUP: Final = ("<!doctype", "<html", "<head", "<body", "<table", "<meta", "<?xml")
_WHITE_CONTROLS: Final = "\t\n\v\f\r\x1a"  # \x1a ended files once, and some exports still write it
_CONTROLS_AT_MOST: Final = 1 / 64  # share of a text's characters; a stray NUL is the reader's to name, with its row

_BOOK: Final = "xl/workbook.xml"
_TYPES: Final = "[Content_Types].xml"
_TYPES_BYTES: Final = 256 * 1024
_SHEET_TYPES: Final = b"application/vnd.openxmlformats-officedocument.spreadsheetml."
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_COMMENT_BYTES: Final = 65_535  # what may follow the end record at most
_END_64: Final = b"PK\x06\x06"
_END_64_BYTES: Final = 56 + 20  # the zip64 end record and its locator, right before the end record
_DIRECTORY_BYTES: Final = 1024 * 1024  # some 10,000 parts; zipfile would load a directory of any size


def tell(first_bytes: bytes) -> FileFormat:
    """Tell the format by the first bytes. XLSX means only that it is a zip archive: `check` looks inside.

    Raises NotASpreadsheetError, whose text says what the file is instead and what to do.
    """
    if not first_bytes.strip():
        raise NotASpreadsheetError("The file is empty.")
    if first_bytes.startswith(_ZIP):
        return FileFormat.XLSX
    if first_bytes.startswith(_OLE2):
        raise NotASpreadsheetError(
            "The file is an old Excel workbook (.xls) or one that is protected by a password. "
            "Save it as .xlsx or .csv, without a password."
        )
    for signature, what in _STRANGERS:
        if first_bytes.startswith(signature):
            raise _stranger(what)
    _check_text(first_bytes[:FIRST_BYTES])
    return FileFormat.CSV


def check(path: Path) -> FileFormat:
    """Tell the format of a whole file; of a zip archive its directory is read, so do this off the event loop."""
    with path.open("rb") as file:
        found = tell(file.read(FIRST_BYTES))
        if found is FileFormat.XLSX:
            _check_archive(file)
    return found


def _check_text(sample: bytes) -> None:
    text = _decoded(sample)
    if text is None:
        raise _stranger("of an unknown binary format")
    if text.lstrip("\ufeff \t\r\n").lower().startswith(_MARKUP):
        raise _stranger("an HTML or XML page")
    controls = sum(char < " " and char not in _WHITE_CONTROLS for char in text)
    if controls > len(text) * _CONTROLS_AT_MOST and controls > 1:
        raise _stranger("of an unknown binary format")


def _decoded(sample: bytes) -> str | None:
    for encoding in candidates(sample):
        try:
            # Not final, since the sample may end within a character.
            return codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
    return None


def _check_archive(file: BinaryIO) -> None:
    if _directory_bytes(file) > _DIRECTORY_BYTES:
        raise _stranger("a zip archive of very many files")
    try:
        with zipfile.ZipFile(file) as archive:
            if _BOOK in archive.namelist():
                return
            with archive.open(_TYPES) as types:
                if _SHEET_TYPES in types.read(_TYPES_BYTES):
                    return
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise NotASpreadsheetError(
            "The file is a damaged or incomplete zip archive. If it is an .xlsx, save it again in Excel and send that."
        ) from error
    except KeyError:
        pass
    raise _stranger("a zip archive that holds no .xlsx workbook")


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


def _stranger(what: str) -> NotASpreadsheetError:
    return NotASpreadsheetError(f"The file is {what}, not a spreadsheet. Send the export as .xlsx or .csv.")
