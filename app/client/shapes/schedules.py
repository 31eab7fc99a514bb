"""Schedules."""

from typing import Literal, TypedDict

from app.client.shapes.jobs import State


class LastJob(TypedDict):
    """The latest job of a schedule."""

    id: str
    state: State


class Schedule(TypedDict):
    """What runs by itself. Its times are None where no steward has seen it yet; what was due counts in one of three."""

    name: str
    task: str
    cron: str | None
    every_s: int | None
    timezone: str
    make_up: Literal["none", "one"]
    overlap: Literal["skip", "allow"]
    next_due_at: str | None
    last_due_at: str | None
    last_job: LastJob | None
    fired: int
    missed: int
    overlapped: int
