"""Failed jobs by their cause."""

from collections.abc import Sequence
from typing import TypedDict


class CauseError(TypedDict):
    """The error of the last job that failed of a cause."""

    type: str
    message: str


class Cause(TypedDict):
    """What jobs have failed of. `count` goes up to a thousand, then `is_counted` is false; `job_id` is the last one."""

    fingerprint: str
    task: str
    error: CauseError
    count: int
    is_counted: bool
    owners: Sequence[str]
    first_seen: str
    last_seen: str
    job_id: str


class Retried(TypedDict):
    """How many jobs run once more, and how many could not. `next_cursor` goes on with what is left."""

    retried: int
    skipped: int
    remaining: int | None
    next_cursor: str | None
