"""Quotas."""

from typing import TypedDict


class QuotaLimits(TypedDict):
    """How many jobs may run at once, and how many be unfinished."""

    max_running: int
    max_waiting: int


class Overrides(TypedDict):
    """Somebody's own numbers; None is his tier's."""

    max_running: int | None
    max_waiting: int | None


class QuotaChange(TypedDict, total=False):
    """Which of somebody's own numbers are to change; None gives him his tier's."""

    max_running: int | None
    max_waiting: int | None


class Quota(TypedDict):
    """What somebody may have, and has: `used` unfinished jobs, `running` or `waiting`; he could submit `free` more."""

    owner: str
    tier: str
    limits: QuotaLimits
    overrides: Overrides
    used: int
    free: int
    running: int
    waiting: int
