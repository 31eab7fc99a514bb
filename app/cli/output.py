"""What is printed: tables and facts for people, or JSON, one object a line, for programs."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = TypeVar("Row", bound=Mapping[str, Any])
Columns = Mapping[str, Callable[[Row], object]]  # heading -> what a cell shows

# Columns that may go over several lines. What is copied from another, an id above all, stays in one.
_FOLDED = {"ARGUMENTS", "ERROR", "NAME", "QUEUES", "ROUTE", "SOURCE", "TASK", "WHO"}
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
        """Print a list; `nothing` is what people are told of an empty one."""
        if self.as_json:
            self.lines(rows)
        elif not rows:
            self.note(nothing)
        else:
            table = Table(box=None, pad_edge=False, header_style="bold")
            for heading in columns:
                table.add_column(heading, overflow="fold", no_wrap=heading not in _FOLDED)
            for row in rows:
                table.add_row(*(shown(cell(row)) for cell in columns.values()))
            self.results.print(table)

    def facts(self, thing: Mapping[str, Any], facts: Mapping[str, object]) -> None:
        """Print one thing: people are shown the facts that are not None or empty, line by line."""
        if self.as_json:
            self.lines([thing])
            return
        table = Table.grid(padding=(0, 2))
        for name, fact in facts.items():
            if fact not in (None, "", ()):
                table.add_row(Text(name, style="bold"), shown(fact))
        self.results.print(table)

    def lines(self, things: Iterable[Mapping[str, Any]]) -> None:
        """Print JSON."""
        for thing in things:
            sys.stdout.write(json.dumps(thing, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Tell people the result in a line."""
        self.results.print(Text(plain(text)), soft_wrap=True)

    def note(self, text: str) -> None:
        """Tell people, and nobody else, something beside the result."""
        if not self.as_json:
            self.notes.print(Text(plain(text), style="dim"), soft_wrap=True)


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


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console
