"""A workbook as the zip package that it is: its unpacked size, and which part is which sheet. No cells here."""

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from posixpath import join, normpath
from typing import Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from jobs.tasks.data_sync.archives import ENCRYPTION, MANIFEST
from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reader.xlsb_records import sheet_relations

_CHUNK: Final = 1024 * 1024
_CALM: Final = 64 * 1024 * 1024  # bytes that a small file may unpack to at any ratio
_ENCRYPTED: Final = 0x1  # a flag bit of a zip member
_PICTURES: Final = ("xl/media/", "Pictures/")  # where xlsx, xlsb and ods keep them
BOOK: Final = "xl/workbook.xml"
BOOK_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_BINARY_BOOK: Final = "xl/workbook.bin"
_BINARY_BOOK_RELATIONS: Final = "xl/_rels/workbook.bin.rels"


class Package:
    """An open package. Its parts are unpacked in pieces, and never to more than they declare."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def check_size(self, limits: ReadLimits) -> None:
        """Refuse what declares to unpack to more than the limits, before a byte of it is unpacked."""
        parts = self._archive.infolist()
        if any(part.flag_bits & _ENCRYPTED for part in parts) or self._is_sealed():
            raise UnreadableFileError("The file is protected by a password. Save it without one and send it again.")
        if len({part.filename for part in parts}) < len(parts):
            raise zipfile.BadZipFile("a part is there twice")  # the one that was looked at need not be the one read
        unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
        if unpacked > limits.unpacked_bytes:
            raise LimitExceededError(
                f"The file unpacks to {unpacked:,} bytes; {limits.unpacked_bytes:,} are the most that is read."
            )
        if unpacked > max(_CALM, packed * limits.unpacked_ratio):
            raise LimitExceededError(
                f"The file unpacks to {unpacked // max(packed, 1):,} times its size, as zip bombs do; "
                f"{limits.unpacked_ratio:,} times is the most that is read."
            )

    def parts_but_pictures(self) -> tuple[str, ...]:
        """Give the names of all parts that a reader of cells may unpack: a picture where it is named as a sheet."""
        names = self._archive.namelist()
        relations = [self._targets(one) for one in (BOOK_RELATIONS, _BINARY_BOOK_RELATIONS) if one in names]
        named = {target for targets in relations for target in targets.values()}
        return tuple(name for name in names if name in named or not name.startswith(_PICTURES))

    def largest(self, parts: Iterable[str]) -> int:
        """Give the bytes that the largest of these parts unpacks to; 0 where none of them is there."""
        wanted = set(parts)
        return max((part.file_size for part in self._archive.infolist() if part.filename in wanted), default=0)

    def pieces(self, part: str) -> Iterator[bytes]:
        """Unpack one part. At its end zipfile compares the checksum, so a part that declares too little is damaged."""
        with self._archive.open(part) as file:
            while piece := file.read(_CHUNK):
                yield piece

    def sheet_parts(self) -> tuple[str, ...]:
        """Give the parts of the sheets, in the order of the workbook; "" where one cannot be told."""
        targets = self._targets(BOOK_RELATIONS)
        return tuple(
            next((targets[value] for key, value in sheet.items() if key.endswith("}id") and value in targets), "")
            for sheet in self._tree(BOOK).iterfind("{*}sheets/{*}sheet")
        )

    def binary_sheet_parts(self) -> tuple[str, ...]:
        """Give the parts of an xlsb's sheets, in the order of the workbook; "" where one cannot be told."""
        targets = self._targets(_BINARY_BOOK_RELATIONS)
        return tuple(targets.get(relation, "") for relation in sheet_relations(self.pieces(_BINARY_BOOK)).values())

    def _targets(self, relations: str) -> dict[str, str]:
        """Give the part that each relation of the workbook leads to."""
        return {
            relation.get("Id", ""): normpath(join("/xl", relation.get("Target", ""))).lstrip("/")
            for relation in self._tree(relations).iterfind("{*}Relationship")
        }

    def _is_sealed(self) -> bool:
        return MANIFEST in self._archive.namelist() and any(ENCRYPTION in piece for piece in self.pieces(MANIFEST))

    def _tree(self, part: str) -> ET.Element:
        # expat limits the expansion of entities and loads nothing from outside.
        return ET.fromstring(self._archive.read(part))  # noqa: S314


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """Open a package; whatever is wrong with it, then or later, is UnreadableFileError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Package(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        ET.ParseError,
        expat.ExpatError,
        EOFError,
        KeyError,
        NotImplementedError,
    ) as error:
        raise UnreadableFileError(
            f"The workbook is damaged or cut off ({error}). Save it again in Excel and send the new file."
        ) from error
