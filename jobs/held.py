"""The runs that this worker process holds: read by the thread that renews their leases. It does nothing by itself."""

import asyncio
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto

from jobs.origin import Origin
from jobs.stores.leases import Claimed

CLEAN_UP_S = 10.0

_NONE, _ONE, _ONE_WITH_A_CHANCE = 0, 1, 2


class Stop(Enum):
    """Why a run is being cancelled."""

    DRAIN = auto()  # the worker stops: it is handed back
    LOST = auto()  # somebody else has it, or it has ended: nothing of it counts any more
    CANCEL = auto()  # somebody wants it cancelled
    OVERDUE = auto()  # it does not stop at its timeout, or when it is cancelled: it is given up


class Run:
    """One claimed job on this worker, from its claim until Redis knows its end. Times are the event loop's."""

    __slots__ = (
        "claimed",
        "deadline",
        "has_ended",
        "origin",
        "settled",
        "started_at",
        "stop",
        "task",
        "task_name",
        "unknown_since",
    )

    def __init__(self, claimed: Claimed, now: float) -> None:
        self.claimed = claimed
        self.task_name = claimed.task  # a stock client's is known once its payload has been read
        self.origin: str | None = None  # the same, of any job
        self.started_at = now
        self.unknown_since: float | None = None  # since when Redis has known nothing of it, which has ended here
        self.deadline = now + claimed.timeout_ms / 1000 + CLEAN_UP_S
        self.task: asyncio.Task[None] | None = None
        self.stop: Stop | None = None
        self.has_ended = False
        self.settled: Callable[[], None] | None = None  # called once Redis knows how the try ended

    @property
    def fields(self) -> Mapping[str, object]:
        """Give what each line of the log says of it."""
        claimed, origin = self.claimed, None if self.origin is None else Origin.of(self.origin)
        told = {"job": claimed.id, "task": self.task_name, "owner": claimed.owner, "try": claimed.tries}
        return told if origin is None else {**told, **origin.fields}

    def read(self, task: str, origin: str | None) -> None:
        """Take note of what the payload tells: the task, and where the job comes from."""
        self.task_name, self.origin = task, origin

    def wait(self) -> None:
        """Let it take however long until it begins: it waits for a child process."""
        self.deadline = math.inf

    def begin(self) -> None:
        """Count its time from now."""
        if self.stop is None:
            self.deadline = asyncio.get_running_loop().time() + self.claimed.timeout_ms / 1000 + CLEAN_UP_S

    def cancel(self, why: Stop) -> None:
        """Ask it to stop; the first reason counts."""
        if self.stop is None:
            self.stop = why
        if self.task is not None:
            self.task.cancel()

    def settle(self) -> None:
        """Take note that Redis knows how it ended."""
        if self.settled is not None:
            self.settled()


class Holdings:
    """The runs of a process, whatever their queue."""

    def __init__(self) -> None:
        self._runs: dict[int, Run] = {}
        self._asking = False
        self._asked: dict[tuple[str, str], set[str]] = {}  # with the jobs that are to be cancelled since

    def __len__(self) -> int:
        """Count them."""
        return len(self._runs)

    def add(self, run: Run) -> None:
        """Hold a run. Its fence names it: the same job may be held twice, where it was lost and taken again."""
        self._runs[run.claimed.fence] = run

    def remove(self, run: Run) -> None:
        """Hold it no more."""
        self._runs.pop(run.claimed.fence, None)

    def cancel_wanted(self, job_id: str) -> list[Run]:
        """Give the runs of a job that is to be cancelled; claims that may have given out another hear of it too."""
        for wanted in self._asked.values():
            wanted.add(job_id)
        return [run for run in self.all() if run.claimed.id == job_id]

    def all(self) -> list[Run]:
        """Give them all; one step of the interpreter, so any thread may ask."""
        return list(self._runs.values())

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Give the claims, queue and request, that may have given runs out which are not held yet; for any thread."""
        return list(self._asked)

    @contextmanager
    def asking(self, queue: str, request: str) -> Iterator[Collection[str]]:
        """Claim inside, and hold what that has given before leaving. Gives which jobs are to be cancelled by then."""
        wanted = self._asked[queue, request] = set()
        try:
            yield wanted
        finally:
            del self._asked[queue, request]

    @contextmanager
    def suspects_allowed(self) -> Iterator[int]:
        """Say which suspects one claim may take, as the script reads it: it says what they are, and why."""
        lost = [run.claimed for run in self.all() if run.claimed.lost and not run.has_ended]
        if self._asking or any(claimed.is_suspect for claimed in lost):
            yield _NONE
            return
        self._asking = True
        try:
            yield _ONE_WITH_A_CHANCE if lost else _ONE
        finally:
            self._asking = False
