"""The pictures that Excel has placed in cells of an xlsx: a cell's metadata names a rich value, and that a picture."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar
from xml.etree import ElementTree as ET

from jobs.tasks.data_processing.worker.parts import Parts, id_of
from jobs.tasks.data_processing.worker.placed import Placed
from jobs.tasks.data_sync.reader.error_cells import column_of

_METADATA: Final = "xl/metadata.xml"
_VALUES: Final = "xl/richData/rdrichvalue.xml"
_STRUCTURES: Final = "xl/richData/rdrichvaluestructure.xml"
_RELATED: Final = "xl/richData/richValueRel.xml"

_RICH: Final = "XLRICHVALUE"
_LOCAL: Final = "_rvRel:LocalImageIdentifier"  # the field that names the relation of a picture
_FROM_WEB: Final = "_webimage"  # what =IMAGE("https://...") shows
_CELL: Final = re.compile(
    rb"""<(?:\w{1,20}:)?c\s                             # a cell
         (?=[^<>]{0,200}\bvm="(\d{1,9})")              # that has metadata of its value
         [^<>]{0,200}\br="([A-Z]{1,3})(\d{1,7})\"""",  # and says where it is
    re.VERBOSE,
)
_MARK: Final = b'vm="'
_OVERLAP: Final = 1024  # bytes; longer than what is matched of a cell

T = TypeVar("T")


def placed_in_cells(parts: Parts, sheet_part: str) -> Iterator[Placed]:
    """Give the pictures that are in cells of a sheet, row by row as it has them; one from the web is not in the file.

    Raises ValueError where the parts do not fit together.
    """
    if _METADATA not in parts or _VALUES not in parts:
        return
    pictures = _pictures(parts)
    for row, column, nth in _marked(parts.pieces(sheet_part)):
        if nth in pictures:
            yield Placed(row=row, column=column, part=pictures[nth])


def _pictures(parts: Parts) -> Mapping[int, str | None]:
    """Give the parts of the pictures by the numbers, from 1 on, that cells call their metadata by."""
    metadata = parts.tree(_METADATA)
    names = [one.get("name") for one in metadata.iterfind("{*}metadataTypes/{*}metadataType")]
    future = next((one for one in metadata.iterfind("{*}futureMetadata") if one.get("name") == _RICH), None)
    values = [] if future is None else [_rich_value(block) for block in future.iterfind("{*}bk")]
    images = _images(parts)
    found: dict[int, str | None] = {}
    for nth, block in enumerate(metadata.iterfind("{*}valueMetadata/{*}bk"), 1):
        for record in block.iterfind("{*}rc"):
            value = _at(values, record.get("v"))
            if _at(names, record.get("t"), first=1) == _RICH and value in images:
                found[nth] = images[value]
    return found


def _images(parts: Parts) -> Mapping[str | None, str | None]:
    """Give the parts of the pictures by the numbers, from 0 on, of their rich values."""
    targets = parts.targets(_RELATED)
    related = [targets.get(id_of(one)) for one in parts.tree(_RELATED).iterfind("{*}rel")]
    structures = [
        (one.get("t"), [key.get("n") for key in one.iterfind("{*}k")])
        for one in parts.tree(_STRUCTURES).iterfind("{*}s")
    ]
    found: dict[str | None, str | None] = {}
    for number, value in enumerate(parts.tree(_VALUES).iterfind("{*}rv")):
        kind, keys = _at(structures, value.get("s")) or (None, [])
        if _LOCAL in keys:
            fields = [one.text for one in value.iterfind("{*}v")]
            found[str(number)] = _at(related, _at(fields, str(keys.index(_LOCAL))))
        elif kind == _FROM_WEB:
            found[str(number)] = None
    return found


def _rich_value(block: ET.Element) -> str | None:
    named = block.find(".//{*}rvb")
    return None if named is None else named.get("i")


def _at(of: Sequence[T], number: str | None, *, first: int = 0) -> T | None:
    """Give what has a number; None where nothing has it."""
    at = int(number or -1) - first
    return of[at] if 0 <= at < len(of) else None


def _marked(pieces: Iterable[bytes]) -> Iterator[tuple[int, int, int]]:
    """Give row, from 1 on, column, from 0 on, and metadata of the cells that have some, in the XML of a sheet."""
    before, seen = b"", set[tuple[int, int]]()
    for piece in pieces:
        text = before + piece
        if _MARK in text:
            for mark, letters, row in _CELL.findall(text):
                place = int(row), column_of(letters)
                if place not in seen:  # what the overlap shows twice comes once
                    seen.add(place)
                    yield *place, int(mark)
        before = text[-_OVERLAP:]
