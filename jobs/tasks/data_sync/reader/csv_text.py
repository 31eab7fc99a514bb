"""How the bytes of a csv become text: its encoding, proven on the whole file, and its delimiter. No rows here."""

import codecs
import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

from jobs.tasks.data_sync.errors import UnreadableFileError

_CHUNK: Final = 1024 * 1024
SAMPLE: Final = 4096
_DELIMITERS: Final = ",;\t"  # of equal ones the first wins
_MARKS: Final = b',;"\t\r\n'
_WIDE_MARKS: Final = _MARKS.decode()
_END_MARK: Final = "\x1a"
_WIDEST: Final = 2  # bytes of a character in what is read here
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvText:
    """How to read a file as text. `lines` counts line feeds: those within quotes and of blank lines are among them."""

    encoding: str
    lines: int


def examine(path: Path) -> CsvText:
    """Decode the whole file once, in pieces, to be sure of its encoding; UnreadableFileError if none fits."""
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    for encoding in candidates(sample):
        lines = _lines(path, encoding)
        if lines is not None:
            return CsvText(encoding=encoding, lines=lines)
    raise UnreadableFileError("The text is in no known encoding. Save it as UTF-8 and send it again.")


def candidates(sample: bytes) -> tuple[str, ...]:
    """Give the encodings that a file beginning with this sample may be in, the likeliest first."""
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return (encoding,)
    if 0 not in sample:
        return ("utf-8", "gb18030")
    wide_marks = {encoding: _wide_marks(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")}
    wide = max(wide_marks, key=wide_marks.__getitem__)
    marks = sum(byte in _MARKS for byte in sample)
    # ASCII in UTF-16 is valid UTF-8 with many NULs. So the marks decide: in UTF-16 they are 16 bits wide.
    return (wide, "utf-8", "gb18030") if wide_marks[wide] * 2 > marks else ("utf-8", "gb18030", wide)


def without_end_mark(file: TextIO) -> Iterable[str]:
    """Give the lines of an open file, the last one without the Ctrl+Z that some exports still end a file with."""
    number, size = file.fileno(), os.fstat(file.fileno()).st_size
    if _END_MARK.encode() not in os.pread(number, _WIDEST, max(size - _WIDEST, 0)):
        return file  # nearly all: a step of ours for each line would take a tenth of the time of reading them
    return (line.rstrip(_END_MARK) if line.endswith(_END_MARK) else line for line in file)


def delimiter(path: Path, encoding: str, header_row: int) -> str:
    """Give the delimiter that cuts the header row into the most cells, quotes respected."""
    return max(_DELIMITERS, key=lambda one: _cells(path, encoding, header_row, one))


def _wide_marks(sample: bytes, encoding: str) -> int:
    text = sample.decode(encoding, errors="replace")
    return sum(char in _WIDE_MARKS for char in text)


def _cells(path: Path, encoding: str, header_row: int, mark: str) -> int:
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(without_end_mark(file), delimiter=mark, strict=True)
        try:
            return len(next(islice(rows, header_row - 1, None), ()))
        except csv.Error:
            return 0


def _lines(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 0
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
                lines += chunk.count(b"\n")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return lines
