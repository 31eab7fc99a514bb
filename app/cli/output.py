"""What is printed: tables and facts for people, or JSON, one object a line, for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from app.cli.streams import is_unicode

Row = TypeVar("Row", bound=Mapping[str, Any])
Cells = Sequence[Sequence[Text]]
Columns = Mapping[str, Callable[[Row], object]]  # heading -> what a cell shows

# Columns that may go over several lines. What is copied from another, an id above all, stays in one.
_FOLDED = {
    *("ARGUMENTS", "COUNTS", "DETAILS", "ERROR", "FIRST ROWS", "GREATEST", "HEADER", "JOBS", "LEAST", "NAME", "NOTES"),
    *("OBJECT", "QUEUES", "ROUTE", "SKU", "SOURCE", "TASK", "WHO"),
}
_FOLDED_LEAST = 8  # characters that are left to such a column, or all that it has
_GAP = 2  # between columns
_WIDE = 10_000  # what goes into a file or a pipe is not cut to the width of a terminal
_STYLES = {
    "succeeded": "green",
    "running": "cyan",
    "failed": "red",
    "partial": "yellow",
    "retrying": "yellow",
    "expired": "red",
    "cancelled": "magenta",
    "ingested": "green",
    "paused": "yellow",
}


class Output:
    """Where a command prints. Results go to the standard output; bars, hints and what went wrong to the error's."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.results = _console(stderr=False)
        self.notes = _console(stderr=True)

    def rows(self, rows: Sequence[Row], columns: "Columns[Row]", *, nothing: str) -> None:
        """Print a list; `nothing` is what people are told of an empty one.

        Where the terminal is too narrow for a table each row is a block of lines: nothing is cut off.
        """
        if self.as_json:
            self.lines(rows)
        elif not rows:
            self.note(nothing)
        else:
            cells = [[shown(cell(row)) for cell in columns.values()] for row in rows]
            is_wide = _needed([*columns], cells) <= self.results.width
            self.results.print(_table([*columns], cells) if is_wide else _blocks([*columns], cells))

    def facts(self, thing: Mapping[str, Any], facts: Mapping[str, object]) -> None:
        """Print one thing: people are shown the facts that are not None or empty, line by line."""
        if self.as_json:
            self.lines([thing])
            return
        told = {name: shown(fact) for name, fact in facts.items() if fact not in (None, "", ())}
        self.results.print(_block(told))

    def lines(self, things: Iterable[Mapping[str, Any]]) -> None:
        """Print JSON."""
        for thing in things:
            sys.stdout.write(json.dumps(thing, ensure_ascii=not is_unicode(sys.stdout)) + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell people the result in a line."""
        self.results.print(Text(plain(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Tell people, and nobody else, something beside the result."""
        if not self.as_json:
            self.notes.print(Text(plain(text), style="dim"), soft_wrap=True)


class _Console(Console):
    """Raises BrokenPipeError where nobody reads any more, as all else that prints does."""

    def on_broken_pipe(self) -> None:
        """Leave it as it is; rich would end the process by a status of its own."""
        raise  # noqa: PLE0704  rich calls this while it handles one


def shown(value: object) -> Text:
    """Show a value in a cell."""
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, float):
        return Text(f"{value:.3g}")
    text = plain(str(value))
    return Text(text, style=_STYLES.get(text, ""))


def plain(text: str) -> str:
    """Give a text that moves no cursor: what jobs write comes from others, who might think of escape sequences."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in text)


def moment(text: str | None) -> str | None:
    """Show a time on the clock of who reads it."""
    return None if text is None else f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"


def brief(text: str | None) -> str | None:
    """Show a time in a table: today's by the clock, another by its day."""
    if text is None:
        return None
    then, now = datetime.fromisoformat(text).astimezone(), datetime.now().astimezone()
    return f"{then:%H:%M:%S}" if then.date() == now.date() else f"{then:%Y-%m-%d}"


def compact(value: object) -> str:
    """Show JSON in a line."""
    return json.dumps(value, ensure_ascii=False)


def _table(headings: Sequence[str], rows: Cells) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading not in _FOLDED)
    for row in rows:
        table.add_row(*row)
    return table


def _needed(headings: Sequence[str], rows: Cells) -> int:
    """Say how wide a terminal must be for a table."""
    widest: list[int] = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    least = [
        max(len(heading), min(width, _FOLDED_LEAST) if heading in _FOLDED else width)
        for heading, width in zip(headings, widest, strict=True)
    ]
    return sum(least) + _GAP * (len(least) - 1)


def _blocks(headings: Sequence[str], rows: Cells) -> Group:
    blocks = [_block(dict(zip(headings, row, strict=True))) for row in rows]
    return Group(*(part for block in blocks for part in (block, Text())))


def _block(facts: Mapping[str, Text]) -> Table:
    block = Table.grid(padding=(0, 2))
    block.add_column(no_wrap=True)
    block.add_column(overflow="fold")
    for name, fact in facts.items():
        block.add_row(Text(name, style="bold"), fact)
    return block


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console
