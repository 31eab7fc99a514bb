"""How what is watched is shown: bars on a terminal, lines in a file or a pipe, JSON for programs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.cli.board import Board, counted
from app.cli.output import Output, plain
from app.client import BatchEvent, Event, JobEvent, ProgressEvent, ResetEvent


class View(Protocol):
    """Shows events."""

    def show(self, board: Board, event: Event) -> None:
        """Show what an event, of which the board has taken note, has changed."""


@contextmanager
def view_on(out: Output) -> Iterator[View]:
    """Give the view that fits where it is printed; bars are gone from the terminal's control at the context's end."""
    if out.as_json:
        yield _Json(out)
    elif out.notes.is_terminal:
        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=out.notes,
        )
        with bar:
            yield _Bars(bar)
    else:
        yield _Lines(out)


class _Json:
    """An event a line: `{"event": name, "data": ...}`."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def show(self, _: Board, event: Event) -> None:
        self._out.lines([_told(event)])


class _Lines:
    """A line for each change of a state, and for each word of progress."""

    def __init__(self, out: Output) -> None:
        self._out = out

    def show(self, board: Board, event: Event) -> None:
        match event:
            case JobEvent() if "state" in event.change:
                self._say(f"{event.change['id']}  {event.change['state']}")
            case ProgressEvent():
                progress = event.change["progress"]
                if progress is not None:
                    of = "" if progress["total"] is None else f"/{progress['total']}"
                    self._say(f"{event.change['id']}  {progress['done']}{of}  {progress['message']}".rstrip())
            case BatchEvent():
                self._say(f"{board.id}  {event.batch['state']}  {counted(event.batch)}")
            case _:
                pass

    def _say(self, text: str) -> None:
        self._out.say(f"{datetime.now().astimezone():%H:%M:%S}  {text}")


class _Bars:
    """A bar for each line of the board."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, dict[str, TaskID]] = {}  # by board and line

    def show(self, board: Board, _: Event) -> None:
        bars, lines = self._bars.setdefault(board.id, {}), {line.key: line for line in board.lines()}
        for key in bars.keys() - lines.keys():
            self._progress.remove_task(bars.pop(key))
        for key, line in lines.items():
            if key not in bars:
                bars[key] = self._progress.add_task(plain(line.label), total=line.total, amount="", note="")
            amount = "" if line.total is None else f"{line.done}/{line.total}"
            self._progress.update(
                bars[key], total=line.total, completed=line.done, amount=amount, note=plain(line.note)
            )


def _told(event: Event) -> Mapping[str, Any]:
    match event:
        case JobEvent():
            return {"event": "job", "data": event.change}
        case ProgressEvent():
            return {"event": "progress", "data": event.change}
        case BatchEvent():
            return {"event": "batch", "data": event.batch}
        case ResetEvent():
            return {"event": "reset", "data": {"reason": event.reason, "instead": event.instead}}
