"""How the bytes of an HTML page become text: its encoding, proven on the whole file. No rows here."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.reader.csv_text import SAMPLE, candidates

_DECLARED: Final = re.compile(rb"""charset\s{0,9}=\s{0,9}["']?([\w.:-]{2,30})""", re.IGNORECASE)
# What browsers take a name for where it is more than the name says, and the other names that are taken.
_SUPERSETS: Final = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "iso-8859-1": "cp1252"}
_TAKEN: Final = re.compile(
    r"utf-?8|gb18030|big5(-hkscs)?|shift_jis|euc-(jp|kr)|windows-(874|125\d)|tis-620|iso-8859-\d{1,2}|cp1252"
)
_PIECE: Final = 64 * 1024  # bytes; all rows of a piece are held at once
_ROW: Final = "<tr"
_TABLE_END: Final = "</table"
_OVERLAP: Final = 8  # characters; longer than either sign


def encoding_of(path: Path) -> tuple[str, int]:
    """Give the encoding in which the whole page can be decoded, and how many rows it may have.

    UnreadableFileError where none fits, or where the page ends within a table.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    for encoding in (*_declared(sample), *candidates(sample)):
        try:
            return encoding, _rows(texts(path, encoding))
        except UnicodeDecodeError:
            continue
    raise UnreadableFileError("The page is in no known encoding. Save it as UTF-8 and send it again.")


def texts(path: Path, encoding: str) -> Iterator[str]:
    """Decode a file in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(_PIECE):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _declared(sample: bytes) -> tuple[str, ...]:
    found = _DECLARED.search(sample)
    if found is None or sample.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ()
    name = found[1].decode("ascii", errors="ignore").lower()
    name = _SUPERSETS.get(name, name)
    return (name,) if _TAKEN.fullmatch(name) and _is_known(name) else ()


def _is_known(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _rows(pieces: Iterator[str]) -> int:
    rows, before, is_cut = 0, "", False
    for piece in pieces:
        text = before + piece.lower()
        rows += piece.lower().count(_ROW)
        row, end = text.rfind(_ROW), text.rfind(_TABLE_END)
        if row != end:  # one of them was found
            is_cut = row > end
        before = text[-_OVERLAP:]
    if is_cut:
        raise UnreadableFileError("The page ends within a table, so it is cut off. Export it again.")
    return rows
