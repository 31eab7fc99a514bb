"""The queue's scripts on a real Redis under a clock of the test's own: calls, passing time, and a look at every key.

It spells the arguments as the scripts' headers name them, not through jobs.stores: what is tested is the protocol.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

from redis import Redis

from jobs import keys
from jobs.stores.scripts import Argument, Script
from tests.support.protocol_edits import Edit, EditedScript
from tests.support.protocol_view import CLOCK, Eyes, View

START_MS = 1_800_000_000_000
LEASE_MS = 15_000
GAP_MS = 10_000
STEP_MS = 600_000
KEEP_MS = 3_600_000
NAMES = (
    *("enqueue", "claim", "renew", "finish", "retry", "hand_back"),
    *("cancel", "limit", "pause", "sweep", "tick", "look", "adopt", "put_payload"),
)

_NOW = f"""
local function NOW()
  local us = tonumber(redis.call('GET', '{CLOCK}'))
  return {{math.floor(us / 1000000), us % 1000000}}
end
"""

# Let time pass for the clock and for each key that time removes. What has `ARGV[2]` ms or less left is gone.
_PASS = f"""
redis.call('INCRBY', '{CLOCK}', string.format('%.0f', ARGV[1] * 1000))
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then
    left = left - ARGV[1]
    if left <= tonumber(ARGV[2]) then redis.call('DEL', key)
    else redis.call('PEXPIRE', key, string.format('%.0f', left)) end
  end
end
"""


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
    payload: str = '{"f":"t"}'
    row: str = ""


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
        return self.lost >= self.max_tries


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


class World:
    """A Redis with the scripts, and a clock that stands still unless a test lets time pass."""

    def __init__(self, redis: "Redis", *, edits: Sequence[Edit] = (), slack_ms: int = 0) -> None:
        """`slack_ms`: a key that has so little left when time passes is removed at once."""
        self.redis = redis
        self._slack_ms = slack_ms
        self._pass: Any = redis.register_script(_PASS)
        self.scripts = {name: EditedScript(name, clock=_NOW, edits=edits) for name in NAMES}
        for old, _ in edits:
            if not any(old in Script(name).text for name in NAMES):
                raise ValueError(f"no script has this text: {old}")
        self.requests = count(1)
        self.reset()

    def reset(self) -> None:
        """Forget everything; the clock starts anew."""
        self.redis.flushdb()
        self.now = START_MS
        self.redis.set(CLOCK, START_MS * 1000)
        self._eyes = Eyes(self.redis)

    def run(self, name: str, *args: Argument) -> Any:  # noqa: ANN401  each script has an answer of its own
        """Call a script."""
        return self.scripts[name].run_blocking(self.redis, *args)

    def sleep(self, ms: int) -> None:
        """Let time pass; a negative amount sets the clock back."""
        self.now += ms
        self._pass(args=[ms, self._slack_ms])

    def sleep_alive(self, ms: int, *held: Held) -> None:
        """Let time pass while some worker is heard of again and again, and renews these."""
        while ms > 0:
            part = min(ms, LEASE_MS // 3)
            self.sleep(part)
            ms -= part
            self.renew("heart", *held)

    def enqueue(self, *jobs: Spec, issued: int = 0) -> list[str]:
        """Put jobs in line; give an answer each."""
        args: list[Argument] = [issued, STEP_MS, len(jobs)]
        for job in jobs:
            args += job
        now, *answers = self.run("enqueue", *args)
        assert int(now) == self.now
        return list(answers)

    def renew(self, worker: str, *runs: Held) -> list[str]:
        """Renew the leases of a worker's runs."""
        return list(self.run("renew", worker, LEASE_MS, GAP_MS, len(runs), *_named(runs)))

    def finish(self, *ends: End) -> list[str]:
        """End runs."""
        return list(self.run("finish", len(ends), *_spelt(ends)))

    def retry(self, held: Held, *, delay: int = 0, error: str = "{}", ms: int = 100) -> str:
        """Let a run be tried again."""
        return str(self.run("retry", STEP_MS, held.id, held.run, held.fence, delay, error, ms))

    def hand_back(self, *runs: Held, delay: int = 0, task: str = "") -> list[str]:
        """Give runs back; with a delay, since nobody here knows their task."""
        return list(self.run("hand_back", delay, task, len(runs), *_named(runs)))

    def cancel(self, *runs: tuple[str, int]) -> list[str]:
        """Cancel runs: ids with their numbers."""
        return list(self.run("cancel", len(runs), *[word for run in runs for word in run]))

    def pause(self, queue: str = "q", *, since: int | None) -> None:
        """Let a queue rest, or go on with None."""
        self.run("pause", queue, "" if since is None else since)

    def tick(self, *queues: str) -> None:
        """Do what a worker of these queues does each second."""
        self.run("tick", LEASE_MS, *(queues or ("q",)))

    def limit(self, owner: str, most: int | None) -> None:
        """Set how many jobs of an owner, or with * of everybody, may run at once."""
        self.run("limit", owner, "" if most is None else most)

    def sweep(self) -> None:
        """Sweep once over everything."""
        cursor = "0"
        while (cursor := self.run("sweep", cursor, LEASE_MS)) != "0":
            pass

    def look_for(self, *runs: tuple[str, int]) -> list[str]:
        """Compare with what PostgreSQL takes for unfinished."""
        return list(self.run("look", len(runs), *[word for run in runs for word in run]))

    def look(self) -> View:
        """See every key as it is now."""
        return self._eyes.look(self.now)

    def hash_of(self, job_id: str) -> Mapping[str, str]:
        """Give a job's hash, empty where there is none."""
        found: Any = self.redis.hgetall(keys.job(job_id))
        return dict(found)

    def score_of(self, job_id: str, queue: str = "q") -> float | None:
        """Give the score of an entry, None where there is none."""
        found: Any = self.redis.zscore(keys.queue(queue), job_id)
        return found if found is None else float(found)

    def worker(self, name: str = "w1", *, tasks: Sequence[str] = ("t",)) -> "Claimant":
        """Make a worker that can claim."""
        return Claimant(self, name, tasks)


class Claimant:
    """A worker's side of the claims: its name, and the tasks that it knows."""

    def __init__(self, world: World, name: str, tasks: Sequence[str]) -> None:
        self._world = world
        self.name = name
        self.tasks = tasks

    def claim(
        self,
        slots: int = 1,
        *,
        queue: str = "q",
        suspects: int = 1,
        ends: Sequence[End] = (),
        request: str | None = None,
    ) -> Claim:
        """Claim up to so many jobs; `request` repeats an earlier one."""
        number = request or f"{next(self._world.requests)}-0"
        known = f"|{'|'.join(self.tasks)}|"
        args: list[Argument] = [self.name, number, queue, slots, LEASE_MS, GAP_MS, STEP_MS, suspects, known, len(ends)]
        now, answers, jobs, more_ready, more_due, next_due = self._world.run("claim", *args, *_spelt(ends))
        return Claim(
            int(now), answers, [_held(job, queue) for job in jobs], bool(more_ready), bool(more_due), int(next_due)
        )

    def take(self, job_id: str, *, queue: str = "q") -> Held:
        """Claim one job, which must be this one."""
        jobs = self.claim(queue=queue).jobs
        assert [job.id for job in jobs] == [job_id]
        return jobs[0]


@contextmanager
def opened(url: str, *, edits: Sequence[Edit] = (), slack_ms: int = 0) -> Iterator[World]:
    """Connect to a Redis, which is emptied."""
    with Redis.from_url(url, decode_responses=True, encoding_errors="surrogateescape") as redis:
        yield World(redis, edits=edits, slack_ms=slack_ms)


def _named(runs: Sequence[Held]) -> list[Argument]:
    return [word for held in runs for word in (held.id, held.run, held.fence)]


def _spelt(ends: Sequence[End]) -> list[Argument]:
    args: list[Argument] = []
    for end in ends:
        held = end.held
        args += (held.id, held.run, held.fence, end.kind, held.tries, end.result, end.keep, end.error, end.value)
        args += (end.ms, held.queue, held.owner, held.task, int(end.fresh))
    return args


def _held(fields: list[Any], queue: str) -> Held:
    job_id, run, fence, tries, lost, owner, task, rest, payload = fields
    return Held(job_id, int(run), int(fence), tries, lost, owner, task, rest, payload, queue)
