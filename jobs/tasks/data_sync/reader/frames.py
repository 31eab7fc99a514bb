"""The frames on the pipe from the reading process to its parent. What their bodies mean is not decided here.

A frame is one byte for its kind, four for the length of its body (big-endian) and the body.
"""

import struct
from enum import Enum
from typing import Final

_HEAD: Final = struct.Struct(">cI")
HEAD_BYTES: Final = _HEAD.size


class Kind(Enum):
    """What a frame says. Each reading ends with one FAILED or one DONE."""

    PROGRESS = b"P"  # JSON: rows read, and an estimate of all rows
    ROWS = b"R"  # whole lines in COPY text format
    FAILED = b"F"  # JSON: the class of jobs.tasks.data_sync.errors to raise, and its arguments
    DONE = b"D"  # JSON: the report


def pack(kind: Kind, body: bytes) -> bytes:
    """Give the whole frame."""
    return _HEAD.pack(kind.value, len(body)) + body


def unpack_head(head: bytes) -> tuple[Kind, int]:
    """Give a frame's kind and the length of its body; ValueError where it is of no known kind."""
    kind, length = _HEAD.unpack(head)
    return Kind(kind), length
