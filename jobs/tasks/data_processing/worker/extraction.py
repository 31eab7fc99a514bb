"""The extraction itself, from a request to frames: every picture of the sheet once, for the SKU of its own row."""

import hashlib
import json
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from posixpath import basename
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.parsers import expat

from jobs.tasks.data_processing.errors import BadPictureError, HeadersDifferError
from jobs.tasks.data_processing.limits import PictureLimits
from jobs.tasks.data_processing.media import Media, Size
from jobs.tasks.data_processing.worker.drawings import cell_images
from jobs.tasks.data_processing.worker.parts import Parts
from jobs.tasks.data_processing.worker.picture import render, size_of
from jobs.tasks.data_processing.worker.placed import Placed
from jobs.tasks.data_processing.worker.request import Extraction
from jobs.tasks.data_processing.worker.sheets import has_unread, placed_on
from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.headers import compare
from jobs.tasks.data_sync.identity import Cell, canonical
from jobs.tasks.data_sync.reader.book_rows import open_book
from jobs.tasks.data_sync.reader.frames import Kind
from jobs.tasks.data_sync.reader.table import Table

_TOLD: Final = 100  # problems, by name
_LONGEST_SKU: Final = 200
# WPS shows =DISPIMG("ID_...",1) in a cell, and writes that as the cell's text.
_IN_CELL: Final = re.compile(r'=?(?:_xlfn\.)?DISPIMG\("([^"]{1,200})"')
_MARK: Final = "DISPIMG("
_UNREAD: Final = "pictures that Excel has placed in cells of an xlsb are not read; save it as xlsx and send that"

_DAMAGES: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ET.ParseError,
    expat.ExpatError,
    EOFError,
    ValueError,
    NotImplementedError,
)

Frame = tuple[Kind, bytes]


@dataclass(slots=True, kw_only=True)
class _Found:
    """What has come of the pictures so far: by hash width, height and bytes of the image, or why there is none."""

    media: Media
    limits: PictureLimits
    images: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    bad: dict[str, str] = field(default_factory=dict)
    of_sku: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    problems: list[dict[str, Any]] = field(default_factory=list)
    problems_total: int = 0

    def refuse(self, picture: Placed, reason: str) -> None:
        """Note why a picture is left out."""
        self.note(picture.row, basename(picture.part)[:_LONGEST_SKU] if picture.part else None, reason)

    def note(self, row: int | None, picture: str | None, reason: str) -> None:
        """Count a problem, and tell it while there are not too many."""
        self.problems_total += 1
        if len(self.problems) < _TOLD:
            self.problems.append({"row": row, "picture": picture, "reason": reason})


def extract(request: Extraction) -> Iterator[Frame]:
    """Give the frames of an extraction, DONE as the last; or raise what the file is refused for.

    Images are on disk before they are told of. Progress counts pictures.
    """
    reading = request.reading
    table = open_book(reading.path, reading.format, reading.layout, reading.limits)
    difference = compare(reading.layout.fields, table.headers)
    if difference is not None:
        raise HeadersDifferError(str(difference))
    media = Media(request.media)
    media.sweep()
    found = _Found(media=media, limits=request.limits)
    with zipfile.ZipFile(reading.path) as archive:
        parts = Parts(archive, limit=request.limits.drawing_bytes)
        if has_unread(parts, reading.format):
            found.note(None, None, _UNREAD)
        placed, skus = _placed(table, parts, request)
        yield _progress(0, len(placed))
        for done, picture in enumerate(placed, 1):
            _take(picture, skus, archive, found)
            yield _progress(done, len(placed))
    yield Kind.DONE, json.dumps(_report(table, len(placed), found)).encode()


def _placed(table: Table, parts: Parts, request: Extraction) -> tuple[list[Placed], Mapping[int, str]]:
    """Give all pictures of the sheet, from top to bottom, and the SKUs of the rows that have some."""
    placed: list[Placed] = []
    with _blamed():
        for picture in placed_on(parts, request.reading.format, table.sheet or ""):
            placed.append(picture)
            _check_count(placed, request.limits)
        in_cells = cell_images(parts)
    rows = {picture.row for picture in placed}
    at = request.reading.layout.fields.index(request.sku_field)
    skus: dict[int, str] = {}
    for number, cells in table.rows:
        for column, name in _named(cells) if in_cells else ():
            rows.add(number)
            placed.append(Placed(row=number, column=column, part=in_cells.get(name)))
            _check_count(placed, request.limits)
        if number in rows and at < len(cells):
            skus[number] = canonical(cells[at])
    return sorted(placed, key=lambda one: (one.row or 0, one.column)), skus


@contextmanager
def _blamed() -> Iterator[None]:
    try:
        yield
    except _DAMAGES as error:
        raise UnreadableFileError(
            f"The workbook's drawings are damaged ({error}). Save it again in Excel and send the new file."
        ) from error


def _named(cells: Sequence[Cell]) -> Iterator[tuple[int, str]]:
    for column, cell in enumerate(cells):
        if isinstance(cell, str) and _MARK in cell and (named := _IN_CELL.match(cell)):
            yield column, named[1]


def _check_count(placed: list[Placed], limits: PictureLimits) -> None:
    if len(placed) > limits.pictures:
        raise LimitExceededError(f"The sheet has more than {limits.pictures:,} pictures.")


def _take(picture: Placed, skus: Mapping[int, str], archive: zipfile.ZipFile, found: _Found) -> None:
    """Keep one picture for the SKU of its row, or note why not."""
    if picture.row is None:
        found.refuse(picture, "it lies on the sheet and on no cell; anchor it to the cell of its product")
    elif (sku := skus.get(picture.row)) is None:
        found.refuse(picture, "there is no data row where it is anchored")
    elif not sku:
        found.refuse(picture, "its row has no SKU")
    elif len(sku) > _LONGEST_SKU or "\x00" in sku:
        found.refuse(picture, f"the SKU of its row has more than {_LONGEST_SKU} characters, or a NUL")
    else:
        try:
            sha256 = _kept(_bytes_of(picture, archive, found.limits), found)
        except BadPictureError as error:
            found.refuse(picture, str(error))
        else:
            if sha256 not in found.of_sku[sku]:
                found.of_sku[sku].append(sha256)


def _bytes_of(picture: Placed, archive: zipfile.ZipFile, limits: PictureLimits) -> bytes:
    if picture.part is None:
        raise BadPictureError("it is only linked, not in the file")
    try:
        size = archive.getinfo(picture.part).file_size
        if size > limits.picture_bytes:
            raise BadPictureError(f"it has {size:,} bytes; {limits.picture_bytes:,} are the most that is read")
        return archive.read(picture.part)
    except KeyError:
        raise BadPictureError("it is not in the file, though the drawing names it") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadPictureError(f"it is damaged: {error}") from error


def _kept(content: bytes, found: _Found) -> str:
    """Keep a picture, once however often it comes; give its hash."""
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in found.bad:
        raise BadPictureError(found.bad[sha256])
    if sha256 not in found.images:
        try:
            found.images[sha256] = _known(sha256, found.media) or _rendered(sha256, content, found)
        except BadPictureError as error:
            found.bad[sha256] = str(error)
            raise
    return sha256


def _known(sha256: str, media: Media) -> tuple[int, int, int] | None:
    """Look for what an earlier extraction has kept: files appear whole, and the picture itself is their name."""
    try:
        if not all(media.use(sha256, size) for size in Size):
            return None
        original = media.path_of(sha256, Size.ORIGINAL).read_bytes()
        return (*size_of(original), len(original))
    except (OSError, ValueError):
        return None


def _rendered(sha256: str, content: bytes, found: _Found) -> tuple[int, int, int]:
    made = render(content, pixels=found.limits.pixels)
    # The original last: where it is, both are.
    found.media.keep(sha256, Size.THUMBNAIL, made.thumbnail)
    found.media.keep(sha256, Size.ORIGINAL, made.original)
    return made.width, made.height, len(made.original)


def _report(table: Table, pictures: int, found: _Found) -> Mapping[str, Any]:
    return {
        "sheet": table.sheet,
        "pictures": pictures,
        "images": [
            {"sku": sku, "sha256": sha256, "position": position, "width": width, "height": height, "bytes": size}
            for sku, hashes in found.of_sku.items()
            for position, sha256 in enumerate(hashes)
            for width, height, size in [found.images[sha256]]
        ],
        "problems": found.problems,
        "problems_total": found.problems_total,
    }


def _progress(done: int, total: int) -> Frame:
    return Kind.PROGRESS, json.dumps([done, total]).encode()
