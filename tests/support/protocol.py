"""The queue's scripts on a real Redis under a clock of the test's own: calls, passing time, and a look at every key.

It spells the arguments as the scripts' headers name them, not through jobs.stores: what is tested is the protocol.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from redis import Redis

from jobs import keys
from jobs.stores.scripts import Argument, Script
from jobs.stores.words import told
from tests.support.protocol_edits import Edit, EditedScript
from tests.support.protocol_view import CLOCK, Eyes, View
from tests.support.protocol_words import Claim, End, Held, Spec, held_of, named, rowed, spelt

START_MS = 1_800_000_000_000
LEASE_MS = 15_000
GAP_MS = 10_000
STEP_MS = 600_000
NAMES = (
    *("enqueue", "claim", "renew", "finish", "retry", "hand_back"),
    *("cancel", "limit", "pause", "sweep", "rerank", "tick", "look", "adopt", "put_payload"),
    *("forget", "hold", "stamp", "meet", "release_parked", "lend", "progress", "claim_key"),
    *("settle_key", "admit", "admit_all", "usage", "present", "muster"),
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
        self._called_ms = _real_ms()

    def run(self, name: str, *args: Argument) -> Any:  # noqa: ANN401  each script has an answer of its own
        """Call a script."""
        self._called_ms = _real_ms()
        return self.scripts[name].run_blocking(self.redis, *args)

    def given_ms(self, name: str) -> range:
        """Give how long the last call may have let a key live: what is left of that, and what has passed since.

        Keys expire by the machine's clock, whatever the test's own does.
        """
        left: Any = self.redis.pttl(name)
        return range(left, left + _real_ms() - self._called_ms + 1)

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

    def enqueue(self, *jobs: Spec, issued: int = 0, epoch: str = "") -> list[str]:
        """Put jobs in line; give an answer each."""
        args = told((job[1:12], (job.id, job.unique, job.tries, job.payload, job.row)) for job in jobs)
        now, *answers = self.run("enqueue", epoch, issued, STEP_MS, "", *args)
        assert int(now) == self.now
        return list(answers)

    def admit(self, *jobs: tuple[str, str]) -> list[str]:
        """Take places for jobs, by id and owner."""
        return list(self.run("admit", 0, len(jobs), *[word for job in jobs for word in job]))

    def claim_key(self, name: str, print_: str, job_id: str) -> tuple[str, str, str]:
        """Claim an idempotency key for a job; give the word, whose job it stands for, and the first answer."""
        word, known_id, answer = self.run("claim_key", name, print_, job_id)
        return word, known_id, answer

    def settle_key(self, name: str, job_id: str, value: str) -> int:
        """Say what became of a submission under a key, nothing to give it up; give 1 if the key says so now, else 0."""
        return int(self.run("settle_key", name, job_id, value))

    def renew(self, worker: str, *runs: Held, asked: Sequence[tuple[str, str]] = ()) -> list[str]:
        """Renew the leases of a worker's runs, and of what claims (queue, request) have given out."""
        words = [word for one in asked for word in one]
        return list(self.run("renew", worker, LEASE_MS, GAP_MS, len(runs), *named(runs), *words))

    def finish(self, *ends: End) -> list[str]:
        """End runs."""
        return list(self.run("finish", len(ends), *spelt(ends)))

    def retry(
        self, held: Held, *, delay: int = 0, error: str = "{}", ms: int = 100, traceback: str = "", row: str = ""
    ) -> str:
        """Let a run be tried again."""
        words = (delay, error, ms, traceback, *rowed([(held, row)]))
        return str(self.run("retry", STEP_MS, held.id, held.run, held.fence, *words))

    def hand_back(self, *runs: Held, delay: int = 0, task: str = "", rows: Sequence[str] = ()) -> list[str]:
        """Give runs back; with a delay, since nobody here knows their task."""
        words = (*named(runs), *rowed(zip(runs, rows, strict=bool(rows))))
        return list(self.run("hand_back", delay, task, len(runs), *words))

    def cancel(self, *runs: tuple[str, int]) -> list[str]:
        """Cancel runs: ids with their numbers."""
        return list(self.run("cancel", len(runs), *[word for run in runs for word in run]))

    def pause(self, queue: str = "q", *, since: int | None) -> None:
        """Let a queue rest, or go on with None."""
        self.run("pause", queue, "" if since is None else since)

    def tick(self, *queues: str) -> None:
        """Do what a worker of these queues does each second."""
        self.run("tick", LEASE_MS, 1, *(queues or ("q",)))

    def limit(self, owner: str, most: int | None) -> None:
        """Set how many jobs of an owner, or with * of everybody, may run at once."""
        places: Any = self.redis.hget(keys.PLACES, owner)
        self.run("limit", owner, "" if most is None else most, places or "")

    def allow(self, owner: str, most: int | None) -> None:
        """Set how many unfinished jobs an owner, or with * everybody, may have."""
        running: Any = self.redis.hget(keys.LIMITS, owner)
        self.run("limit", owner, running or "", "" if most is None else most)

    def sweep(self) -> None:
        """Sweep once over everything."""
        cursor = "0"
        while (cursor := self.run("sweep", cursor, LEASE_MS)) != "0":
            pass

    def release_parked(self, queue: str = "q", *owners: str) -> tuple[int, ...]:
        """Release up to 200 of a queue; give how many those were, and how many are still parked."""
        return tuple(self.run("release_parked", queue, *owners))

    def close_gaps(self, *, most: int = 0) -> None:
        """Rank anew the rest of each line of which more than so many were cancelled."""
        found, rest = 1, ["", "0"]
        while found:
            found, *rest = self.run("rerank", STEP_MS, most, *rest)

    def look_for(self, *runs: tuple[str, int]) -> list[str]:
        """Compare with what PostgreSQL takes for unfinished; of what lives or has ended, give that alone."""
        now, _, _, *answers = self.run("look", LEASE_MS, len(runs), *[word for run in runs for word in run])
        assert int(now) == self.now
        return [answer.partition(":")[0] if answer[:5] in {"live:", "ended"} else answer for answer in answers]

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
        now, answers, jobs, more_ready, more_due, next_due = self._world.run("claim", *args, *spelt(ends))
        return Claim(
            int(now), answers, [held_of(job, queue) for job in jobs], bool(more_ready), bool(more_due), int(next_due)
        )

    def take(self, job_id: str, *, queue: str = "q") -> Held:
        """Claim one job, which must be this one."""
        jobs = self.claim(queue=queue).jobs
        assert [job.id for job in jobs] == [job_id]
        return jobs[0]


def _real_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def opened(url: str, *, edits: Sequence[Edit] = (), slack_ms: int = 0) -> Iterator[World]:
    """Connect to a Redis, which is emptied."""
    with Redis.from_url(url, decode_responses=True, encoding_errors="surrogateescape") as redis:
        yield World(redis, edits=edits, slack_ms=slack_ms)
