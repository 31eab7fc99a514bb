"""Where the pictures of a sheet are, told by the parts of the xlsx package: anchors of drawings, and WPS' cell images.

openpyxl would drop pictures that it cannot read without a word, and fails on drawings with unknown attributes.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath
from typing import Final
from xml.etree import ElementTree as ET

from jobs.tasks.data_sync.errors import LimitExceededError

_BOOK: Final = "xl/workbook.xml"
_CELL_IMAGES: Final = "xl/cellimages.xml"
_RICH_VALUES: Final = "xl/richData/richValueRel.xml"
_DRAWING: Final = "/drawing"  # the end of a relation's type, which has two namespaces, transitional and strict
_ANCHOR: Final = "CellAnchor"  # of one cell or two
_EMBED: Final = "}embed"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Placed:
    """A picture in a sheet: Excel's number of the row that its upper left corner is in, and the part with its bytes.

    `column` and `nth` are for the order; `part` is None where the picture is linked and not in the file.
    """

    row: int
    column: int
    nth: int
    part: str | None


class SheetParts:
    """The parts of one workbook. Those of XML are parsed whole, `limit` bytes of each at most."""

    def __init__(self, archive: zipfile.ZipFile, *, limit: int) -> None:
        self._archive = archive
        self._names = frozenset(archive.namelist())
        self._limit = limit

    def placed(self, sheet: str) -> Iterator[Placed]:
        """Give the pictures that are anchored to a cell of the sheet, in the order of the drawing; not those of charts.

        A picture within a group is where the group is.
        """
        nth = 0
        part = self._sheet_part(sheet)
        for relation in self._relations(part):
            if not relation.get("Type", "").endswith(_DRAWING):
                continue
            drawing = _target(part, relation)
            targets = {one.get("Id"): _target(drawing, one) for one in self._relations(drawing)}
            for anchor in self._tree(drawing).iter():
                corner = anchor.find("{*}from") if anchor.tag.endswith(_ANCHOR) else None
                if corner is None:  # an absolute anchor has none: it is anchored to the sheet
                    continue
                row, column = int(corner.findtext("{*}row", "0")), int(corner.findtext("{*}col", "0"))
                for name in _embedded(anchor):
                    yield Placed(row=row + 1, column=column, nth=nth, part=targets.get(name))
                    nth += 1

    def cell_images(self) -> Mapping[str, str | None]:
        """Give the parts of the pictures that WPS keeps in cells, by the id that the cells name."""
        if _CELL_IMAGES not in self._names:
            return {}
        targets = {one.get("Id"): _target(_CELL_IMAGES, one) for one in self._relations(_CELL_IMAGES)}
        found: dict[str, str | None] = {}
        for image in self._tree(_CELL_IMAGES):
            name = image.find(".//{*}cNvPr")
            if name is not None:
                found[name.get("name", "")] = next((targets.get(one) for one in _embedded(image)), None)
        return found

    def has_rich_values(self) -> bool:
        """Say whether Excel has placed pictures in cells: its rich values, which are not read here."""
        return _RICH_VALUES in self._names

    def _sheet_part(self, sheet: str) -> str:
        targets = {one.get("Id"): _target(_BOOK, one) for one in self._relations(_BOOK)}
        for one in self._tree(_BOOK).iterfind("{*}sheets/{*}sheet"):
            if one.get("name") == sheet:
                return next(
                    (targets[value] for key, value in one.items() if key.endswith("}id") and value in targets), ""
                )
        return ""

    def _relations(self, part: str) -> Iterator[ET.Element]:
        name = join(dirname(part), "_rels", f"{basename(part)}.rels")
        if name in self._names:
            for relation in self._tree(name):
                if relation.get("TargetMode") != "External":
                    yield relation

    def _tree(self, part: str) -> ET.Element:
        if part not in self._names:
            return ET.Element("nothing")
        size = self._archive.getinfo(part).file_size
        if size > self._limit:
            raise LimitExceededError(f"{part} unpacks to {size:,} bytes; {self._limit:,} are the most that is read.")
        # expat limits the expansion of entities and loads nothing from outside.
        return ET.fromstring(self._archive.read(part))  # noqa: S314


def _target(part: str, relation: ET.Element) -> str:
    return normpath(join("/", dirname(part), relation.get("Target", ""))).lstrip("/")


def _embedded(element: ET.Element) -> Iterator[str]:
    """Give the relations of the pictures in an element: one each, whatever stands beside it as an alternative."""
    for picture in element.iterfind(".//{*}pic"):
        blip = picture.find("{*}blipFill/{*}blip")
        if blip is not None:
            yield next((value for key, value in blip.items() if key.endswith(_EMBED)), "")
