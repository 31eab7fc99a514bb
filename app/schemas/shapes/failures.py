"""Failed jobs by their cause."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict


class CauseErrorView(TypedDict):
    """The error of the last job that failed of a cause."""

    type: str
    message: str


class CauseView(TypedDict):
    """What jobs have failed of. `count` goes up to a thousand, then `is_counted` is false; `job_id` is the last one."""

    fingerprint: str
    task: str
    error: CauseErrorView
    count: int
    is_counted: bool
    owners: Sequence[str]
    first_seen: datetime
    last_seen: datetime
    job_id: str


class CauseList(TypedDict):
    """A page of causes, the one seen last first; `next_cursor` leads to the next, null where there is none."""

    items: Sequence[CauseView]
    next_cursor: str | None


class RetriedView(TypedDict):
    """How many jobs run once more, and how many could not.

    Where time was up, `remaining` are left (10,000 stand for any more, null: nobody knows) and `next_cursor` goes on.
    """

    retried: int
    skipped: int
    remaining: int | None
    next_cursor: str | None
