"""The streams that a process prints to: what they can take, and what becomes of it where nobody reads it."""

import io
import os
import sys
from typing import TextIO


def print_nowhere() -> None:
    """Let what may still be printed go nowhere: nobody reads it, and the interpreter would complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def print_anything() -> None:
    """Let signs that the terminal's encoding does not have be printed as escapes, not be the end of the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_unicode(stream: TextIO) -> bool:
    """Say whether all signs can be printed as they are."""
    return stream.encoding.lower().startswith("utf")
