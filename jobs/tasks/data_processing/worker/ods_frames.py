"""The pictures of an ods, which stand within the cells that they are anchored to. No other cells here."""

from collections.abc import Iterable, Iterator
from typing import Final
from xml.parsers import expat

from jobs.tasks.data_processing.worker.placed import Placed
from jobs.tasks.data_sync.errors import UnreadableFileError
from jobs.tasks.data_sync.reader.ods_notes import count_of

CONTENT: Final = "content.xml"

_CELLS: Final = frozenset({"table:table-cell", "table:covered-table-cell"})
_OBJECTS: Final = frozenset({"draw:object", "draw:object-ole"})  # a chart: the picture beside it only stands for it
_DRAWN: Final = "draw:"
_FOLDER: Final = "Pictures/"
_LINES: Final = (".svg", ".svm", ".emf", ".wmf")  # drawings, beside which the office puts a picture of dots


def placed_in_ods(pieces: Iterable[bytes], sheet: str) -> Iterator[Placed]:
    """Give the pictures of a sheet from its content, in its order; expat.ExpatError where that is no XML."""
    content = _Content(sheet)
    for piece in pieces:
        content.parser.Parse(piece, False)  # noqa: FBT003 - it takes no keywords
        yield from content.taken()
    content.parser.Parse(b"", True)  # noqa: FBT003
    yield from content.taken()


class _Content:
    """Where the parser is. Tables within cells are part of their cell."""

    def __init__(self, sheet: str) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse_entities
        self._sheet = sheet
        self._depth = 0
        self._is_sought = False
        self._row = self._rows = 1  # the open row, counted from 1, and how many it stands for
        self._column = self._columns = 0
        self._is_in_cell = False
        self._frames = 0
        self._links: list[str] = []
        self._is_object = False
        self._found: list[Placed] = []

    def taken(self) -> list[Placed]:
        """Give what was found since the last time."""
        found, self._found = self._found, []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._depth += 1
            if self._depth == 1:
                self._is_sought = attributes.get("table:name") == self._sheet
                self._row, self._rows = 1, 0
        elif self._is_sought and name.startswith(_DRAWN):
            self._start_drawn(name, attributes)
        elif self._is_sought and self._depth == 1:
            self._start_cell(name, attributes)

    def _start_drawn(self, name: str, attributes: dict[str, str]) -> None:
        if name == "draw:frame":
            self._frames += 1
            if self._frames == 1:
                self._links, self._is_object = [], False
        elif self._frames == 1 and name == "draw:image":
            self._links.append(attributes.get("xlink:href", ""))
        elif self._frames == 1 and name in _OBJECTS:
            self._is_object = True

    def _start_cell(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table-row":
            self._row += self._rows
            self._rows = count_of(attributes, "table:number-rows-repeated")
            self._column = self._columns = 0
        elif name in _CELLS:
            self._column += self._columns
            self._columns = count_of(attributes, "table:number-columns-repeated")
            self._is_in_cell = True

    def _end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
            self._is_sought = self._is_sought and self._depth > 0
        elif not self._is_sought:
            return
        elif name in _CELLS and self._depth == 1:
            self._is_in_cell = False
        elif name == "draw:frame":
            self._frames -= 1
            if self._frames == 0 and self._links and not self._is_object:
                self._keep()

    def _keep(self) -> None:
        """Take a frame's picture: of several forms of it the first that is made of dots."""
        link = next((one for one in self._links if not one.lower().endswith(_LINES)), self._links[0])
        part = link.removeprefix("./")
        self._found.append(
            Placed(
                row=self._row if self._is_in_cell else None,
                column=self._column if self._is_in_cell else 0,
                part=part if part.startswith(_FOLDER) else None,
            )
        )

    def _refuse_entities(self, *_: object) -> None:
        raise UnreadableFileError("The workbook declares entities, as only files made to do harm do.")
