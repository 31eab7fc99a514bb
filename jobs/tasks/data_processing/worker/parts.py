"""The parts of a workbook's package: XML as trees, and what each is related to. It knows no pictures."""

import zipfile
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname, join, normpath
from typing import Final
from xml.etree import ElementTree as ET

from jobs.tasks.data_sync.errors import LimitExceededError

_PIECE: Final = 1024 * 1024


class Parts:
    """The parts of one workbook. Those that are made a tree are so whole, `limit` bytes of each at most."""

    def __init__(self, archive: zipfile.ZipFile, *, limit: int) -> None:
        self._archive = archive
        self._names = frozenset(archive.namelist())
        self._limit = limit

    def __contains__(self, part: str) -> bool:
        """Say whether the workbook has such a part."""
        return part in self._names

    def tree(self, part: str) -> ET.Element:
        """Give a part as a tree, one without anything where it is not there; LimitExceededError where it is too large.

        expat limits the expansion of entities and loads nothing from outside.
        """
        if part not in self._names:
            return ET.Element("nothing")
        size = self._archive.getinfo(part).file_size
        if size > self._limit:
            raise LimitExceededError(f"{part} unpacks to {size:,} bytes; {self._limit:,} are the most that is read.")
        return ET.fromstring(self._archive.read(part))  # noqa: S314

    def pieces(self, part: str) -> Iterator[bytes]:
        """Unpack a part of any size piece by piece; nothing where it is not there."""
        if part in self._names:
            with self._archive.open(part) as file:
                while piece := file.read(_PIECE):
                    yield piece

    def relations(self, part: str) -> Iterator[ET.Element]:
        """Give the relations of a part to others of the workbook."""
        name = join(dirname(part), "_rels", f"{basename(part)}.rels")
        if name in self._names:
            for relation in self.tree(name):
                if relation.get("TargetMode") != "External":
                    yield relation

    def targets(self, part: str) -> Mapping[str, str]:
        """Give the parts that a part is related to, by the ids that it calls them by."""
        return {one.get("Id", ""): target(part, one) for one in self.relations(part)}


def target(part: str, relation: ET.Element) -> str:
    """Give the part that a relation of `part` leads to."""
    return normpath(join("/", dirname(part), relation.get("Target", ""))).lstrip("/")


def id_of(element: ET.Element) -> str:
    """Give the relation that an element names by `r:id`, whichever of its two namespaces that is of; "" for none."""
    return next((value for key, value in element.items() if key.endswith("}id")), "")
