"""Where a page of a list ends: the time and the id of its last item, as one word that means nothing to a client."""

import base64
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST = 1_000
_WRONG = "is no cursor of this list; take next_cursor as it was answered, or leave it out for the first page"


class Place(NamedTuple):
    """An item's place in a list that goes by time, and by id where times are equal."""

    at: datetime
    id: str


def write_cursor(at: datetime, item_id: object) -> str:
    """Give the cursor of what comes after this item."""
    text = f"{(at - _FIRST) // _MICROSECOND} {item_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Place:
    """Give the place that a cursor stands for; raises ValueError for what is none of ours."""
    if len(cursor) > _LONGEST:
        raise ValueError(_WRONG)
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        micros, _, item_id = text.partition(" ")
        place = Place(_FIRST + int(micros) * _MICROSECOND, item_id)
    except (ValueError, OverflowError):
        raise ValueError(_WRONG) from None
    if write_cursor(*place) != cursor:
        raise ValueError(_WRONG)
    return place
