"""Cursors: places in a list, as texts that nobody needs to understand. They are bound to a list, and to no filter.

A cursor carries a checksum, so that one that was cut, typed or taken from another list is told apart. It is no
secret: whoever makes one of his own gets a place in his own list.
"""

import struct
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from jobs.errors import InvalidInputError, Mistake
from jobs.stores.listing import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WRONG = Mistake(pointer="/cursor", detail="is no next_cursor of this list; leave it out to begin at the newest")
_FORM = struct.Struct(">Iq")  # checksum, microseconds; the id follows


class List(StrEnum):
    """A list that has cursors."""

    JOBS = "jobs"
    FAILURES = "failures"
    BATCHES = "batches"
    MEMBERS = "failed jobs of a cause"
    AUDIT = "audit log"
    USERS = "users"
    FILES = "files"
    SYNCS = "syncs"
    SHOPS = "accounts of shops"
    COMPONENT_VERSIONS = "component versions"
    ALERTS = "alerts"


def write_cursor(of: List, place: Place | None) -> str | None:
    """Give the text of a place; None stays None."""
    if place is None:
        return None
    time_us, name = (place.at - _EPOCH) // _MICROSECOND, place.id.encode()
    packed = _FORM.pack(_checksum(of, time_us, name), time_us) + name
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(of: List, text: str | None) -> Place | None:
    """Give the place of a text; None stays None. Raises InvalidInputError for any that this list has not given."""
    if text is None:
        return None
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        checksum, time_us = _FORM.unpack_from(packed)
        name = packed[_FORM.size :]
        place = Place(_EPOCH + time_us * _MICROSECOND, name.decode())
    except (ValueError, struct.error, OverflowError):
        raise InvalidInputError([_WRONG]) from None
    if checksum != _checksum(of, time_us, name) or b"\x00" in name:
        raise InvalidInputError([_WRONG])
    return place


def _checksum(of: List, time_us: int, name: bytes) -> int:
    return zlib.crc32(f"{of}\0{time_us}\0".encode() + name)
