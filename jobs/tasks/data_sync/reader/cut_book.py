"""An xlsx copied into a temporary file, its sheets cut into slices: each a sheet of its own at the end of the book.

Calamine parses a sheet as a whole, and takes the more memory the larger it is. Everything else that it looks at stays
as it was. The file has no name, so that it is gone with the process, however that ends.
"""

import re
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from python_calamine import CalamineWorkbook

from jobs.tasks.data_sync.reader.blame import blamed
from jobs.tasks.data_sync.reader.error_cells import ErrorCells, find_errors, has_errors
from jobs.tasks.data_sync.reader.merges import Range
from jobs.tasks.data_sync.reader.package import BOOK, BOOK_RELATIONS
from jobs.tasks.data_sync.reader.sheet_survey import Survey
from jobs.tasks.data_sync.reader.slices import Slices

_COPIED: Final = frozenset({"_rels/.rels", "xl/sharedstrings.xml", "xl/styles.xml"})  # in small letters
_SHEETS_END: Final = re.compile(rb"</(?:[\w.-]{1,20}:)?sheets\s*>")
_RELATIONS_END: Final = re.compile(rb"</(?:[\w.-]{1,20}:)?Relationships\s*>")
_SHEET: Final = '<sheet name="[{0}]" sheetId="{0}" r:id="slice{0}"/>'  # no sheet of Excel's has brackets in its name
_RELATION: Final = (
    '<Relationship Id="slice{0}" Target="/{1}" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
)
_FAST: Final = 1  # of zlib's levels


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSheet:
    """One sheet: its slices by number, its merged ranges, its first column (from 0) and its last row (from 1)."""

    slices: range
    ranges: Sequence[Range] = ()
    left: int = 0
    last_row: int = 0


class CutBook:
    """First it takes the parts of a book, then, sealed, it gives slices."""

    def __init__(self, *, slice_bytes: int) -> None:
        """Take the size that the XML of a slice has at least."""
        self._slice_bytes = slice_bytes
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it is there as long as the process
        self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST)
        self._frame: dict[str, bytes] = {}
        self._with_errors: set[int] = set()
        self._slices = 0

    def take(self, part: str, pieces: Iterable[bytes]) -> None:
        """Take any part but a sheet; what calamine does not look at is only gone through."""
        if part in {BOOK, BOOK_RELATIONS}:
            self._frame[part] = b"".join(pieces)
        elif part.lower() in _COPIED:
            with self._archive.open(part, "w", force_zip64=True) as copy:
                copy.writelines(pieces)
        else:
            for _ in pieces:
                pass

    def take_sheet(self, pieces: Iterable[bytes]) -> CutSheet:
        """Take the part of a sheet."""
        first = self._slices
        survey, slices = Survey(), Slices(self._slice_bytes)
        for xml in slices.cut(survey.watch(pieces)):
            if has_errors(xml):
                self._with_errors.add(self._slices)
            self._archive.writestr(_part(self._slices), xml)
            self._slices += 1
        return CutSheet(
            slices=range(first, self._slices), ranges=survey.ranges, left=survey.left, last_row=slices.last_row
        )

    def seal(self) -> CalamineWorkbook:
        """Let calamine open it; the sheets that it had are its first ones, and cannot be read any more."""
        sheets = "".join(map(_SHEET.format, range(self._slices))).encode()
        relations = "".join(_RELATION.format(at, _part(at)) for at in range(self._slices)).encode()
        self._archive.writestr(BOOK, _SHEETS_END.sub(lambda end: sheets + end[0], self._frame[BOOK], count=1))
        self._archive.writestr(
            BOOK_RELATIONS, _RELATIONS_END.sub(lambda end: relations + end[0], self._frame[BOOK_RELATIONS], count=1)
        )
        self._archive.close()
        self._archive = zipfile.ZipFile(self._file)
        with blamed():  # not before: a full disk is no fault of the file
            return CalamineWorkbook.from_path(f"/dev/fd/{self._file.fileno()}")

    def errors_of(self, at: int) -> ErrorCells:
        """Give the error cells of a slice."""
        return find_errors([self._archive.read(_part(at))]) if at in self._with_errors else {}


def _part(at: int) -> str:
    return f"xl/worksheets/slice{at}.xml"
