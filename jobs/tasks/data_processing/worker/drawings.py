"""The pictures over the cells of an xlsx or xlsb, which both anchor by the same XML; and those that WPS keeps in cells.

openpyxl would drop pictures that it cannot read without a word, and fails on drawings with unknown attributes.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree import ElementTree as ET

from jobs.tasks.data_processing.worker.parts import Parts, target
from jobs.tasks.data_processing.worker.placed import Placed

_CELL_IMAGES: Final = "xl/cellimages.xml"
_DRAWING: Final = "/drawing"  # the end of a relation's type, which has two namespaces, transitional and strict
_ANCHOR: Final = "Anchor"  # of one cell, of two, or absolute
_EMBED: Final = "}embed"


def anchored(parts: Parts, sheet_part: str) -> Iterator[Placed]:
    """Give the pictures that are anchored in a sheet, in the order of the drawing; not those of charts.

    A picture within a group is where the group is. An absolute anchor is to the sheet, and to none of its cells.
    """
    for relation in parts.relations(sheet_part):
        if not relation.get("Type", "").endswith(_DRAWING):
            continue
        drawing = target(sheet_part, relation)
        targets = parts.targets(drawing)
        for anchor in parts.tree(drawing).iter():
            if not anchor.tag.endswith(_ANCHOR):
                continue
            corner = anchor.find("{*}from")
            row = None if corner is None else int(corner.findtext("{*}row", "0")) + 1
            column = 0 if corner is None else int(corner.findtext("{*}col", "0"))
            for name in _embedded(anchor):
                yield Placed(row=row, column=column, part=targets.get(name))


def cell_images(parts: Parts) -> Mapping[str, str | None]:
    """Give the parts of the pictures that WPS keeps in cells, by the id that the cells name."""
    targets = parts.targets(_CELL_IMAGES)
    found: dict[str, str | None] = {}
    for image in parts.tree(_CELL_IMAGES):
        name = image.find(".//{*}cNvPr")
        if name is not None:
            found[name.get("name", "")] = next((targets.get(one) for one in _embedded(image)), None)
    return found


def _embedded(element: ET.Element) -> Iterator[str]:
    """Give the relations of the pictures in an element: one each, whatever stands beside it as an alternative."""
    for picture in element.iterfind(".//{*}pic"):
        blip = picture.find("{*}blipFill/{*}blip")
        if blip is not None:
            yield next((value for key, value in blip.items() if key.endswith(_EMBED)), "")
