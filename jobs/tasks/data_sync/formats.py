"""What a file is, told by its content and never by its name. Whether it can be read is found out by reading it."""

import codecs
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync import archives, compounds
from jobs.tasks.data_sync.errors import NotASpreadsheetError, not_a_spreadsheet
from jobs.tasks.data_sync.model import FileFormat
from jobs.tasks.data_sync.reader.csv_text import candidates

FIRST_BYTES: Final = 4096  # how many of them `tell` wants; fewer will do where the file has no more

_STRANGERS: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"{\\rtf", "a rich text document (.rtf)"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a part of a zip archive"),
    (b"MZ\x90\x00", "a program"),
    (b"\x7fELF", "a program"),
)
_TAGS: Final = ("<!doctype", "<!--", "<html", "<head", "<body", "<table", "<meta", "<style", "<title", "<div", "<?xml")
_PAGE: Final = ("<html", "<!doctype html", "<table")  # of these an HTML page has one, and other XML none
_OTHER_MARKUP: Final = (
    ("urn:schemas-microsoft-com:office:spreadsheet", "a spreadsheet in the XML of Excel 2003"),
    ("<svg", "an SVG picture"),
    ("<?xml", "an XML document"),
)
_WEB_ARCHIVE: Final = ("mime-version:", "from: <saved by")
_WHITE_CONTROLS: Final = "\t\n\v\f\r\x1a"  # \x1a ended files once, and some exports still write it
_CONTROLS_AT_MOST: Final = 1 / 64  # share of a text's characters; a stray NUL is the reader's to name, with its row


def tell(first_bytes: bytes) -> FileFormat:
    """Tell the format by the first bytes.

    XLSX means only that it is a zip archive, and XLS that it is a compound file: `check` looks inside.
    Raises NotASpreadsheetError, whose text says what the file is instead and what to do.
    """
    if not first_bytes.strip():
        raise NotASpreadsheetError("The file is empty.")
    if first_bytes.startswith(archives.SIGNATURE):
        return FileFormat.XLSX
    if first_bytes.startswith(compounds.SIGNATURE):
        return FileFormat.XLS
    for signature, what in _STRANGERS:
        if first_bytes.startswith(signature):
            raise not_a_spreadsheet(what)
    return _text_format(first_bytes[:FIRST_BYTES])


def check(path: Path) -> FileFormat:
    """Tell the format of a whole file.

    Of a zip archive the directory is read and a compound file is searched, so do this off the event loop. What is
    protected by a password or holds macros is NotASpreadsheetError too.
    """
    with path.open("rb") as file:
        found = tell(file.read(FIRST_BYTES))
        if found is FileFormat.XLSX:
            return archives.look_inside(file)
        if found is FileFormat.XLS:
            return compounds.look_inside(file)
    return found


def _text_format(sample: bytes) -> FileFormat:
    text = _decoded(sample)
    if text is None:
        raise not_a_spreadsheet("of an unknown binary format")
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(_TAGS):
        return _markup_format(start)
    if start.startswith(_WEB_ARCHIVE):
        raise not_a_spreadsheet("a web archive (.mht)")
    controls = sum(char < " " and char not in _WHITE_CONTROLS for char in text)
    if controls > len(text) * _CONTROLS_AT_MOST and controls > 1:
        raise not_a_spreadsheet("of an unknown binary format")
    return FileFormat.CSV


def _markup_format(start: str) -> FileFormat:
    for sign, what in _OTHER_MARKUP:
        if sign in start and not any(tag in start for tag in _PAGE):
            raise not_a_spreadsheet(what)
    return FileFormat.HTML


def _decoded(sample: bytes) -> str | None:
    for encoding in candidates(sample):
        try:
            # Not final, since the sample may end within a character.
            return codecs.getincrementaldecoder(encoding)().decode(sample)
        except UnicodeDecodeError:
            continue
    return None
