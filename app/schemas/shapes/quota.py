"""Quotas."""

from typing_extensions import TypedDict


class LimitsView(TypedDict):
    """How many jobs may run at once, and how many be unfinished."""

    max_running: int
    max_waiting: int


class OverridesView(TypedDict):
    """Somebody's own numbers; null is his tier's."""

    max_running: int | None
    max_waiting: int | None


class QuotaView(TypedDict):
    """What somebody may have, and has: `used` unfinished jobs, `running` or `waiting`; he could submit `free` more."""

    owner: str
    tier: str
    limits: LimitsView
    overrides: OverridesView
    used: int
    free: int
    running: int
    waiting: int
