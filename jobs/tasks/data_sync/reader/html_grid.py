"""The tables of an HTML page as rows of cells, from the events of a parser. It chooses no table."""

from dataclasses import dataclass, field
from typing import Final

from jobs.tasks.data_sync.errors import LimitExceededError
from jobs.tasks.data_sync.identity import Cell
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reader.merges import Range

_CELLS: Final = frozenset({"td", "th"})
_SILENT: Final = frozenset({"script", "style"})
_NESTED_MOST: Final = 64
_ROWS_SPANNED_MOST: Final = 65_534  # as in browsers
_BREAK: Final = "\x1f"  # stands for <br> until the cell is whole


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A row of one of the tables, both counted from 0. `ranges` are the merged ones that begin in it."""

    table: int
    row: int
    cells: list[Cell]
    ranges: list[Range]


@dataclass(slots=True, kw_only=True)
class _Table:
    number: int
    row: int = -1
    cells: list[Cell] | None = None
    ranges: list[Range] = field(default_factory=list)
    covered: dict[int, int] = field(default_factory=dict)  # the last row that a cell above reaches, by column
    text: list[str] | None = None
    length: int = 0
    span: tuple[int, int] = (1, 1)


class Grid:
    """A parser target, as lxml calls it. `rows` fills while the page is fed; whoever feeds it takes them away."""

    def __init__(self, limits: ReadLimits) -> None:
        self.rows: list[GridRow] = []
        self._limits = limits
        self._tables: list[_Table] = []
        self._count = 0
        self._silent = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take an opening tag."""
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._open_table()
        elif self._tables:
            table = self._tables[-1]
            if tag == "tr":
                self._close_row(table)
                self._open_row(table)
            elif tag in _CELLS:
                self._open_cell(table, attributes)
            elif tag in ("br", "p", "div") and table.text:
                table.text.append(_BREAK)

    def end(self, tag: str) -> None:
        """Take a closing tag."""
        if tag in _SILENT:
            self._silent -= 1
        elif self._tables:
            table = self._tables[-1]
            if tag in _CELLS:
                self._close_cell(table)
            elif tag == "tr":
                self._close_row(table)
            elif tag == "table":
                self._close_row(table)
                self._tables.pop()

    def data(self, text: str) -> None:
        """Take text. That of a table within a cell is not the cell's."""
        if not self._tables or self._silent:
            return
        table = self._tables[-1]
        if table.text is None:
            return
        table.length += len(text)
        if table.length > self._limits.cell_characters:
            raise LimitExceededError(
                f"row {table.row + 1}: a cell has more than {self._limits.cell_characters:,} characters"
            )
        table.text.append(text)

    def comment(self, text: str) -> None:
        """Pass over a comment."""

    def close(self) -> None:
        """Take the end of the page. The parser has closed whatever was open."""

    def _open_table(self) -> None:
        if len(self._tables) == _NESTED_MOST:
            raise LimitExceededError(f"Tables stand within tables more than {_NESTED_MOST} deep.")
        self._tables.append(_Table(number=self._count))
        self._count += 1

    def _open_row(self, table: _Table) -> list[Cell]:
        table.row += 1
        table.cells = []
        table.ranges = []
        return table.cells

    def _open_cell(self, table: _Table, attributes: dict[str, str]) -> None:
        self._close_cell(table)
        cells = self._open_row(table) if table.cells is None else table.cells
        while table.covered.get(len(cells), -1) >= table.row:
            cells.append(None)
        if len(cells) >= self._limits.columns:
            raise LimitExceededError(
                f"row {table.row + 1}: it has more than {self._limits.columns:,} columns, which are the most"
            )
        table.text, table.length = [], 0
        table.span = (
            _span(attributes.get("rowspan"), _ROWS_SPANNED_MOST),
            min(_span(attributes.get("colspan"), self._limits.columns), self._limits.columns - len(cells)),
        )

    def _close_cell(self, table: _Table) -> None:
        if table.text is None or table.cells is None:
            return
        text, table.text = _plain("".join(table.text)), None
        first = (table.row, len(table.cells))
        last = (table.row + table.span[0] - 1, len(table.cells) + table.span[1] - 1)
        table.cells.extend([text or None, *[None] * (table.span[1] - 1)])
        if first != last:
            table.ranges.append((first, last))
            table.covered.update(dict.fromkeys(range(first[1], last[1] + 1), last[0]))

    def _close_row(self, table: _Table) -> None:
        self._close_cell(table)
        cells, table.cells = table.cells, None
        if cells is None:
            return
        reached = [column for column, last in table.covered.items() if last >= table.row]
        cells.extend([None] * (max(reached, default=-1) + 1 - len(cells)))
        self.rows.append(GridRow(table=table.number, row=table.row, cells=cells, ranges=table.ranges))


def _span(said: str | None, most: int) -> int:
    """Read a span; 0 is "as far as it goes", and what is no number is 1."""
    if said is None or not said.strip().isdecimal():
        return 1
    return min(int(said.strip()[:6]) or most, most)


def _plain(text: str) -> str:
    """Collapse white space as a browser does; a break is a line feed."""
    return "\n".join(" ".join(line.split()) for line in text.split(_BREAK)).strip()
