"""One stream of lines for all processes, each behind its process's name; in colour on a terminal."""

import contextlib
import os
import sys
from collections.abc import Iterable
from typing import TextIO

_COLOURS = (36, 33, 35, 32, 34, 31)


class Output:
    """Writes to `stream`; a reader that went away (`./dev run | head`) does not stop the site."""

    def __init__(self, names: Iterable[str], stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._names = list(names)
        self._width = max(map(len, self._names), default=0)
        self._colourful = self._stream.isatty() and "NO_COLOR" not in os.environ

    def line(self, name: str, text: str) -> None:
        """Print one line of the process `name`."""
        prefix = f"{name:{self._width}} |"
        if self._colourful and name in self._names:
            prefix = f"\x1b[{_COLOURS[self._names.index(name) % len(_COLOURS)]}m{prefix}\x1b[0m"
        self.say(f"{prefix} {text}")

    def say(self, text: str) -> None:
        """Print a text of our own."""
        with contextlib.suppress(OSError):
            print(text, file=self._stream, flush=True)
