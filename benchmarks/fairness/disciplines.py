"""In which order waiting jobs start: three disciplines. They rank; the simulation keeps the queue."""

from collections import defaultdict

from benchmarks.fairness.simulation import Job
from jobs.model import DEFAULT_PRIORITY
from jobs.scoring import FALLBACK_TURN_MS, score

EPOCH_MS = 1_750_000_000_000  # the simulation begins in 2025, so that scores have the size that they have in use


class FirstInFirstOut:
    """The order of submission, as in stock arq."""

    __slots__ = ()

    def rank(self, job: Job) -> float:
        """Rank by the time of submission."""
        return job.at_ms

    def start(self, job: Job, rank: float) -> None:
        """Need nothing."""

    def end(self, job: Job) -> None:
        """Need nothing."""


class StartTimeFairQueueing:
    """SFQ, equal weights, the cost of a job its true run time, which a real queue does not know beforehand.

    Goyal, Vin, Cheng, "Start-time Fair Queueing: A Scheduling Algorithm for Integrated Services Packet Switching
    Networks", IEEE/ACM Transactions on Networking 5(5), 1997: start tag S = max(v, the owner's last finish tag), finish
    tag F = S + cost, the smallest S first; v is the S of the job started last, and at the end of a busy period the
    largest F. With several slots as in Jin, Chase, Kaur, "Interposed Proportional Sharing for a Storage Service
    Utility", SIGMETRICS 2004, SFQ(D): v is the S of the job started last, though others run beside it.
    """

    __slots__ = ("_finish", "_highest", "_unfinished", "_virtual")

    def __init__(self) -> None:
        """Begin idle."""
        self._virtual = 0.0
        self._highest = 0.0
        self._unfinished = 0
        self._finish: defaultdict[int, float] = defaultdict(float)

    def rank(self, job: Job) -> float:
        """Give the start tag."""
        tag = max(self._virtual, self._finish[job.owner])
        self._finish[job.owner] = tag + job.run_ms
        self._highest = max(self._highest, tag + job.run_ms)
        self._unfinished += 1
        return tag

    def start(self, job: Job, rank: float) -> None:  # noqa: ARG002  the tag is all it needs
        """Move the virtual time."""
        self._virtual = rank

    def end(self, job: Job) -> None:  # noqa: ARG002  one fewer, whichever it is
        """Close the busy period with its last job."""
        self._unfinished -= 1
        if not self._unfinished:
            self._virtual = self._highest


class ScoreRule:
    """The rule of `jobs.scoring`, all jobs of one task and of the default priority.

    With `turn_ms` that is the task's mean from before. Without, the mean is measured as jobs end, and is
    FALLBACK_TURN_MS until the first has: the first hour of a new task.
    """

    __slots__ = ("_ended", "_in_line", "_learns", "_ran_ms", "_turn_ms")

    def __init__(self, turn_ms: float | None = None) -> None:
        """Begin with nobody in line."""
        self._learns = turn_ms is None
        self._turn_ms: float = FALLBACK_TURN_MS if turn_ms is None else turn_ms
        self._ended = self._ran_ms = 0
        self._in_line: defaultdict[int, int] = defaultdict(int)

    def rank(self, job: Job) -> float:
        """Give the score."""
        ahead = self._in_line[job.owner]
        self._in_line[job.owner] = ahead + 1
        return score(base_ms=EPOCH_MS + job.at_ms, priority=DEFAULT_PRIORITY, ahead=ahead, turn_ms=self._turn_ms)

    def start(self, job: Job, rank: float) -> None:
        """Need nothing: a running job still counts as in line."""

    def end(self, job: Job) -> None:
        """Take the job out of its owner's line, and measure it."""
        self._in_line[job.owner] -= 1
        if self._learns:
            self._ended += 1
            self._ran_ms += job.run_ms
            self._turn_ms = self._ran_ms / self._ended
