"""The merged ranges and the error cells of an ods, told while its content is parsed once. No other cells here."""

from collections.abc import Iterable
from typing import Final
from xml.parsers import expat

from jobs.tasks.data_sync.errors import LimitExceededError, UnreadableFileError
from jobs.tasks.data_sync.reader.error_cells import ErrorCells
from jobs.tasks.data_sync.reader.merges import Range
from jobs.tasks.data_sync.reader.notes import Notes

_CELLS: Final = frozenset({"table:table-cell", "table:covered-table-cell"})
_ERRORS_MOST: Final = 1_000_000
_SHOWN_MOST: Final = 64


def notes_of(pieces: Iterable[bytes]) -> list[Notes]:
    """Give the notes of each sheet, in the order of the document; expat.ExpatError where it is no XML."""
    content = _Content()
    for piece in pieces:
        content.parser.Parse(piece, False)  # noqa: FBT003 - it takes no keywords
    content.parser.Parse(b"", True)  # noqa: FBT003
    return [Notes(errors=errors, ranges=ranges) for errors, ranges in content.sheets]


class _Content:
    """Where the parser is. Tables within cells are part of their cell."""

    def __init__(self) -> None:
        self.sheets: list[tuple[ErrorCells, list[Range]]] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.EntityDeclHandler = self._refuse_entities
        self._depth = 0
        self._row = self._column = 0
        self._rows = 1  # that the open row stands for
        self._error: tuple[int, list[str]] | None = None  # how many cells it stands for, and its text
        self._errors = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self._depth += 1
            if self._depth == 1:
                self.sheets.append(({}, []))
                self._row = 0
        elif self._depth != 1:
            return
        elif name == "table:table-row":
            self._column, self._rows = 0, count_of(attributes, "table:number-rows-repeated")
        elif name in _CELLS:
            self._start_cell(attributes)

    def _start_cell(self, attributes: dict[str, str]) -> None:
        cells = count_of(attributes, "table:number-columns-repeated")
        rows = count_of(attributes, "table:number-rows-spanned")
        columns = count_of(attributes, "table:number-columns-spanned")
        if rows * columns > 1:
            first = (self._row, self._column)
            self.sheets[-1][1].append((first, (self._row + rows - 1, self._column + columns - 1)))
        if attributes.get("calcext:value-type") == "error":
            self._error = (cells, [])
            self.parser.CharacterDataHandler = self._error[1].append
        self._column += cells

    def _end(self, name: str) -> None:
        if name == "table:table":
            self._depth -= 1
        elif self._depth != 1:
            return
        elif name == "table:table-row":
            self._row += self._rows
        elif name in _CELLS and self._error is not None:
            self._keep_error(self._error[0], "".join(self._error[1]).strip()[:_SHOWN_MOST])
            self._error = None
            self.parser.CharacterDataHandler = None

    def _keep_error(self, cells: int, shown: str) -> None:
        self._errors += cells * self._rows
        if self._errors > _ERRORS_MOST:
            raise LimitExceededError(f"The file has more than {_ERRORS_MOST:,} cells that hold an error.")
        for row in range(self._row, self._row + self._rows):
            line = self.sheets[-1][0].setdefault(row, {})
            line.update(dict.fromkeys(range(self._column - cells, self._column), shown or "#ERROR!"))

    def _refuse_entities(self, *_: object) -> None:
        raise UnreadableFileError("The workbook declares entities, as only files made to do harm do.")


def count_of(attributes: dict[str, str], name: str) -> int:
    """Give how many rows or columns an element stands for or reaches over; 1 where it does not say."""
    said = attributes.get(name, "1")
    return max(int(said[:9]), 1) if said.isdecimal() else 1
