"""An HTML page parsed as it is read, in a thread of its own. What its rows mean is not decided here.

The parser pulls its input, and so needs a thread: libxml2 would keep all that is pushed to it until the page ends.
"""

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Final

from lxml import etree

from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.reader.html_grid import Grid, GridRow
from jobs.tasks.data_sync.reader.html_text import texts

_PIECES_AHEAD: Final = 2


def parsed(path: Path, encoding: str, limits: ReadLimits) -> Iterator[GridRow]:
    """Give the rows of all tables, in the order in which they end."""
    parsing = _Parsing(path, encoding, limits)
    thread = Thread(target=parsing.run, name="html", daemon=True)
    thread.start()
    try:
        while (rows := parsing.done.get()) is not None:
            yield from rows
    finally:
        parsing.stop()
        thread.join()
    if parsing.error is not None:
        raise parsing.error


class _Parsing:
    """The file that the parser reads from: whenever it asks for more, the rows until then are handed over."""

    def __init__(self, path: Path, encoding: str, limits: ReadLimits) -> None:
        self.done: Queue[list[GridRow] | None] = Queue(_PIECES_AHEAD)
        self.error: BaseException | None = None
        self._texts = texts(path, encoding)
        self._grid = Grid(limits)
        self._stopped = False

    def run(self) -> None:
        """Parse to the end, or until there is an error."""
        # It knows the entities of HTML only and loads nothing, so no page can make it expand or fetch anything.
        parser = etree.HTMLParser(target=self._grid, encoding="utf-8", no_network=True)  # type: ignore[call-overload]  # a target needs no base class
        try:
            etree.parse(self, parser)
        except BaseException as error:  # noqa: BLE001 - it is raised where the rows are read
            self.error = error
        self._hand_over()
        self.done.put(None)

    def read(self, _size: int = -1) -> bytes:
        """Give the next piece of the page in UTF-8; nothing at its end."""
        self._hand_over()
        if self._stopped:
            return b""
        return next((text.encode() for text in self._texts if text), b"")

    def stop(self) -> None:
        """Let the thread end: whoever called for rows wants no more."""
        self._stopped = True
        while not self.done.empty():
            self.done.get()

    def _hand_over(self) -> None:
        rows, self._grid.rows = self._grid.rows, []
        if rows and not self._stopped:
            self.done.put(rows)
