"""Slots, a clock and a queue: a discrete-event simulation of one workload under one discipline. It judges nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import NamedTuple, Protocol


class Job(NamedTuple):
    """A job: when it is submitted, by whom, and how long it runs (which no discipline may ask but SFQ)."""

    at_ms: int
    owner: int
    run_ms: int


class Discipline(Protocol):
    """Decides the order: the lowest rank starts first, among equals the job submitted first."""

    def rank(self, job: Job) -> float:
        """Rank a job at its submission, once and for all."""

    def start(self, job: Job, rank: float) -> None:
        """Take note that a job has started."""

    def end(self, job: Job) -> None:
        """Take note that a job has ended."""


class Start(NamedTuple):
    """A job that has started: the `number` counts submissions, `waited_ms` is from submission to start."""

    number: int
    job: Job
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Jobs in the order of their submission, and the owners who submit a job anew as soon as it has ended.

    What starts after `limit_ms` is not looked at any more; without it, all is run to the end.
    """

    jobs: Sequence[Job]
    slots: int = 10
    refilling: frozenset[int] = frozenset()
    limit_ms: int | None = None


def simulate(workload: Workload, discipline: Discipline) -> list[Start]:
    """Run until all listed jobs of owners who do not refill have ended, or until the limit; give all starts in order.

    A free slot is never left idle while a job waits, and no job is interrupted.
    """
    return _Simulation(workload, discipline).run()


class _Simulation:
    """The state of one simulation; time moves from one end or submission to the next."""

    __slots__ = ("_discipline", "_free", "_left", "_number", "_running", "_starts", "_waiting", "_workload")

    def __init__(self, workload: Workload, discipline: Discipline) -> None:
        self._workload = workload
        self._discipline = discipline
        self._free = workload.slots
        self._number = 0
        self._left = sum(job.owner not in workload.refilling for job in workload.jobs)
        self._waiting: list[tuple[float, int, Job]] = []
        self._running: list[tuple[int, int, Job]] = []
        self._starts: list[Start] = []

    def run(self) -> list[Start]:
        jobs, limit_ms, running = self._workload.jobs, self._workload.limit_ms, self._running
        submitted = 0
        while self._left:
            if submitted < len(jobs) and (not running or jobs[submitted].at_ms < running[0][0]):
                now_ms = jobs[submitted].at_ms
                while submitted < len(jobs) and jobs[submitted].at_ms == now_ms:  # a batch is whole before any starts
                    self._submit(jobs[submitted])
                    submitted += 1
            else:
                now_ms = running[0][0]
                self._end()
            if limit_ms is not None and now_ms > limit_ms:
                break
            while self._free and self._waiting:
                self._start(now_ms)
        return self._starts

    def _submit(self, job: Job) -> None:
        heappush(self._waiting, (self._discipline.rank(job), self._number, job))
        self._number += 1

    def _start(self, now_ms: int) -> None:
        rank, number, job = heappop(self._waiting)
        self._discipline.start(job, rank)
        self._starts.append(Start(number, job, now_ms - job.at_ms))
        heappush(self._running, (now_ms + job.run_ms, number, job))
        self._free -= 1

    def _end(self) -> None:
        now_ms, _, job = heappop(self._running)
        self._discipline.end(job)
        self._free += 1
        if job.owner in self._workload.refilling:
            self._submit(Job(now_ms, job.owner, job.run_ms))
        else:
            self._left -= 1
