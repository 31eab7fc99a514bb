"""The traceback of an error as a text for whoever owns the job: bounded, and without the paths of the server."""

import re
import sys
import traceback
from pathlib import Path

from jobs import codec

_MOST_BYTES = 4_096
_FILE = re.compile(r'(?<=File ")/[^"\n]+(?=")')


def traceback_of(error: BaseException) -> str:
    """Give the end of the traceback, at most 4 KiB, the error and its causes included; nothing where it was not raised.

    Files are named as from the folder that they were imported from. This holds for a child process' errors too.
    """
    if error.__traceback__ is None:
        return ""
    try:
        told = traceback.format_exception(error)
    except Exception:  # noqa: BLE001  an error's own code may raise anything
        told = traceback.format_tb(error.__traceback__)
    return _last(codec.clean_text(_FILE.sub(_relative, "".join(told))).encode())


def _relative(found: re.Match[str]) -> str:
    path = found[0]
    roots = [root for root in map(_root, sys.path) if path.startswith(root)]
    return path.removeprefix(max(roots, key=len)) if roots else path.rpartition("/")[2]


def _root(entry: str) -> str:
    try:
        return f"{Path(entry).absolute()}/"
    except FileNotFoundError:  # it is within the working directory, which is gone
        return f"{entry}/"


def _last(text: bytes) -> str:
    """Cut at a line's begin, if one is left."""
    if len(text) <= _MOST_BYTES:
        return text.decode()
    kept = text[-_MOST_BYTES:].decode(errors="ignore")
    _, _, whole_lines = kept.partition("\n")
    return whole_lines or kept
