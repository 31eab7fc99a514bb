"""Queues and workers."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from typing_extensions import TypedDict


class QueueView(TypedDict):
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


class QueueList(TypedDict):
    """All queues."""

    items: Sequence[QueueView]
    next_cursor: None


class PauseView(TypedDict):
    """Whether a queue rests."""

    name: str
    paused: bool


class CrewView(TypedDict):
    """What a worker does for one queue."""

    slots: int
    running: int


class WorkerView(TypedDict):
    """A worker process, as it said of itself within the last 15 seconds."""

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    queues: Mapping[str, CrewView]
    tasks: Sequence[str]


class WorkerList(TypedDict):
    """All worker processes that live."""

    items: Sequence[WorkerView]
    next_cursor: None
