"""Schedules."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict

from jobs.model import State
from jobs.schedule import MakeUp, Overlap


class LastJobView(TypedDict):
    """The latest job of a schedule."""

    id: str
    state: State


class ScheduleView(TypedDict):
    """What runs by itself. Its times are null where no steward has seen it yet; what was due counts in one of three."""

    name: str
    task: str
    cron: str | None
    every_s: int | None
    timezone: str
    make_up: MakeUp
    overlap: Overlap
    next_due_at: datetime | None
    last_due_at: datetime | None
    last_job: LastJobView | None
    fired: int
    missed: int
    overlapped: int


class ScheduleList(TypedDict):
    """All schedules."""

    items: Sequence[ScheduleView]
    next_cursor: None
