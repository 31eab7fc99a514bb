"""Queues and workers."""

from collections.abc import Mapping, Sequence
from typing import TypedDict


class Queue(TypedDict):
    """How a queue does."""

    name: str
    paused: bool
    ready: int
    delayed: int
    parked: int
    quarantined: int
    running: int
    slots: int
    workers: int
    oldest_wait_s: float | None
    started_per_s: float


class Pause(TypedDict):
    """Whether a queue rests."""

    name: str
    paused: bool


class Crew(TypedDict):
    """What a worker does for one queue."""

    slots: int
    running: int


class Worker(TypedDict):
    """A worker process, as it said of itself within the last 15 seconds."""

    name: str
    host: str
    pid: int
    version: str
    started_at: str
    queues: Mapping[str, Crew]
    tasks: Sequence[str]
