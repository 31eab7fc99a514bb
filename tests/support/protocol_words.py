"""What is said to the queue's scripts, and what they answer: spelt as their headers name it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from jobs.model import STOCK_OWNER
from jobs.stores.scripts import Argument

KEEP_MS = 3_600_000


class Spec(NamedTuple):
    """A job to put in line; times in ms, `at` 0 for now, `due` 0 for at once, `expires` 0 for never."""

    id: str
    run: int = 1
    queue: str = "q"
    owner: str = "ann"
    priority: int = 5
    task: str = "t"
    at: int = 0
    due: int = 0
    max_tries: int = 3
    timeout: float = 300_000.0
    typical: float = 30_000.0
    expires: int = 0
    unique: str = ""
    tries: int = 0
    payload: str = '{"f":"t"}'
    row: str = ""


class Use(NamedTuple):
    """What a key stands for: until when its first submission counts as being in flight, and what that has led to."""

    till: int
    print: str
    id: str
    answer: str = ""


class Held(NamedTuple):
    """A job as a claim gave it out."""

    id: str
    run: int
    fence: int
    tries: int
    lost: int
    owner: str
    task: str
    rest: str
    payload: str
    queue: str
    expires: str = ""

    @property
    def max_tries(self) -> int:
        """How many starts, and how many lost leases, it may have."""
        return int(self.rest.split(":")[3])

    @property
    def is_last(self) -> bool:
        """Whether it must not lose another lease."""
        return self.lost + 1 >= self.max_tries

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what kills its workers."""
        return self.lost > 1 or (self.lost > 0 and self.is_last)

    @property
    def is_exhausted(self) -> bool:
        """Whether it was given out to be ended, not to be run."""
        return self.lost >= self.max_tries and self.owner != STOCK_OWNER


class End(NamedTuple):
    """The end of a run, as a worker tells it."""

    held: Held
    kind: str = "succeeded"
    keep: int = KEEP_MS
    ms: int = 100
    fresh: bool = False
    result: str = '{"r":1'
    error: str = ""
    value: str = ""
    row: str = ""


class Claim(NamedTuple):
    """What a claim answered."""

    now: int
    answers: list[str]
    jobs: list[Held]
    more_ready: bool
    more_due: bool
    next_due: int

    @property
    def ids(self) -> list[str]:
        """The jobs' ids in the order in which they were given out."""
        return [job.id for job in self.jobs]


def named(runs: Sequence[Held]) -> list[Argument]:
    """Spell who holds which run with which fence."""
    return [word for held in runs for word in (held.id, held.run, held.fence)]


def spelt(ends: Sequence[End]) -> list[Argument]:
    """Spell how runs have ended."""
    args: list[Argument] = []
    for end in ends:
        held = end.held
        args += (held.id, held.run, held.fence, end.kind, held.tries, end.result, end.keep, end.error, end.value)
        args += (end.ms, held.queue, held.owner, held.task, int(end.fresh))
    return args + rowed((end.held, end.row) for end in ends)


def row_of(owner: str, job_id: str) -> str:
    """Give what a worker knows of a job for PostgreSQL: of a stock client's, which nobody else tells of."""
    return f'{{"id":"{job_id}"}}' if owner == STOCK_OWNER else ""


def rowed(rows: Iterable[tuple[Held, str]]) -> list[Argument]:
    """Spell the rows, of those that have one, as they stand behind all else that a worker tells."""
    return [word for held, row in rows if row for word in (held.id, row)]


def held_of(fields: list[Any], queue: str) -> Held:
    """Read a job off the answer to a claim."""
    job_id, run, fence, tries, lost, owner, task, rest, payload, *expires = fields
    return Held(job_id, int(run), int(fence), tries, lost, owner, task, rest, payload, queue, *expires)
