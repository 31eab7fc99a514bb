"""A test bed for the engine alone: its stores, jobs of any owner put in below HTTP, worker processes, and the trail."""

import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from app import keys as app_keys
from jobs import keys
from jobs.counters import Pair, Tally, parse
from jobs.ids import new_job_id
from jobs.model import Job, State
from jobs.quotas import Quotas
from jobs.settings import load_settings
from jobs.stores.database import Database, Row
from jobs.stores.mark import Mark
from jobs.stores.queue import MOST_AT_ONCE, Entry, Queue
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from tests.support.conditions import eventually
from tests.support.history import abandon, all_written, readers
from tests.support.leaks import assert_nobody_has_anything
from tests.support.processes import WORKER, Running, started
from tests.support.trail import Trail, trail_of

QUEUE = "data_sync"
SHORT_LEASE = {"JOBS_LEASE_MS": "1000", "JOBS_RENEW_MS": "300"}
SHIPPED_LEASE = {"JOBS_LEASE_MS": "15000", "JOBS_RENEW_MS": "5000"}  # that nobody loses for a second of a busy machine

_PATIENCE_S = 5.0
_START_S = 30.0

_INSERT = """
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, run_at)
SELECT id, task, queue, owner, 'accepted', priority, args, '{}', max_tries, timeout_s, accepted_at, run_at
FROM jsonb_to_recordset($1) AS new (
    id text, task text, queue text, owner text, priority smallint, args jsonb, max_tries integer,
    timeout_s double precision, accepted_at timestamptz, run_at timestamptz
)
"""
# Each change of a row into an end is written down by the database itself, whoever makes it; and each further change of
# such a row, but for one: of its start it may be heard later.
NOTE_ENDS = """
CREATE TABLE ends (job_id text NOT NULL, state text NOT NULL);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO ends VALUES (new.id, new.state); RETURN NULL; END $$;
CREATE TRIGGER note_end AFTER UPDATE ON jobs FOR EACH ROW
WHEN (
    new.state IN ('succeeded', 'failed', 'cancelled', 'expired')
    AND NOT (
        old.state = new.state AND old.run = new.run
        AND (old.fence, old.started_at, old.worker) IS DISTINCT FROM (new.fence, new.started_at, new.worker)
    )
)
EXECUTE FUNCTION note_end();
"""

# All other keys stand for something that ends, or pass by themselves.
_IN_LINE = {State.QUEUED, State.SCHEDULED}
_LASTING = {
    app_keys.DECISIONS,
    app_keys.LIMITS,
    app_keys.TRAFFIC,
    keys.EPOCH,
    keys.TICK,
    keys.SERVER,
    keys.LIMITS,
    keys.PLACES,
    keys.MEANS,
    keys.ALIVE,
    keys.FENCE,
    keys.EVENTS,
    keys.PROGRESS,
    keys.COUNTERS,
    keys.wake(QUEUE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A job that a test wants to submit."""

    task: str = "diag.noop"
    args: Mapping[str, Any] = field(default_factory=dict)
    owner: str = "somebody"
    priority: int = 5
    max_tries: int = 5
    timeout_s: float = 300.0
    delay_s: float = 0.0


def sleeping(seconds: float, **more: Any) -> Wanted:  # noqa: ANN401  the fields of Wanted
    """Want a job that sleeps."""
    return Wanted(task="diag.sleep", args={"seconds": seconds}, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """The engine on a test bed. The database notes each end in the table `ends`."""

    environ: Mapping[str, str]
    database: Database
    redis: Redis
    queue: Queue
    quotas: Quotas
    trail: Trail

    @property
    def lease_s(self) -> float:
        """How long a lease lasts."""
        return load_settings(self.environ).lease_ms / 1000

    async def store(self, wanted: Iterable[Wanted]) -> list[Job]:
        """Accept jobs: PostgreSQL has them, Redis has not."""
        now = datetime.now(UTC)
        jobs = [_job(one, now) for one in wanted]
        self.trail.owners.update({job.id: job.owner for job in jobs})
        await self.database.execute(_INSERT, [_row(job) for job in jobs])
        return jobs

    async def enqueue(self, jobs: Sequence[Job], *, typical_s: float = 0.1) -> list[str]:
        """Put accepted jobs in line, in this order; give their ids."""
        for first in range(0, len(jobs), MOST_AT_ONCE):
            part = jobs[first : first + MOST_AT_ONCE]
            await self.queue.enqueue([Entry(job=job, typical_s=typical_s) for job in part])
        return [job.id for job in jobs]

    async def submit(self, wanted: Iterable[Wanted], *, typical_s: float = 0.1) -> list[str]:
        """Accept jobs and put them in line; give their ids."""
        return await self.enqueue(await self.store(wanted), typical_s=typical_s)

    @asynccontextmanager
    async def worker(self, slots: int, **settings: str) -> AsyncIterator[Running]:
        """Start a worker process; it takes jobs when the context is entered, and is killed at its end.

        Its steward knows the stores by then: what it finds in one of them alone before that, it takes for a loss, and
        has nothing claimed for two renewals' time.
        """
        environ = {"JOBS_LOG_LEVEL": "warning", **self.environ, **settings}
        mark = Mark(self.redis)
        async with started((*WORKER, "--queues", f"{QUEUE}:{slots}"), environ) as worker:

            async def has_begun() -> bool:
                # A job may kill it before it has read anything; any other end is a fault.
                assert worker.runs or worker.status == -signal.SIGKILL, worker.lines
                if not worker.runs:
                    return True
                return bool(await readers(self.redis, worker.pid)) and (await mark.read()).tick is not None

            await eventually(has_begun, within_s=_START_S)
            yield worker

    async def tally(self) -> Tally:
        """Give what Redis has counted of all tasks together."""
        return await tally_of(self.redis)

    async def until_written(self, *, within_s: float) -> dict[str, Row]:
        """Wait until PostgreSQL knows of all jobs how they have ended; give their rows. It takes a worker."""
        await all_written(self.database, within_s=within_s)
        return {row["id"]: row for row in await self.database.fetch("SELECT * FROM jobs")}

    async def bury(self, worker: int) -> None:
        """Let a dead worker's history be written soon: of what it had been given, a minute seems to have passed."""
        await self.trail.bury(worker)
        await abandon(self.redis, worker)

    async def assert_settled(self, *, never_in_line: int = 0) -> None:
        """Expect that every job has ended, once, in the trail, the rows and the counters alike, and left nothing.

        The counters of ends are the history's, by queue, task and state.

        At most so many were cancelled before they came in line: the counters know neither their begin nor their end.
        """
        ends = {job: step.state for job, step in self.trail.ended.items()}
        assert ends.keys() == self.trail.owners.keys(), "not every job has ended"
        assert self.trail.ended_again == [], "jobs have ended twice"
        tally = await self.tally()
        # A steward that takes an accepted job for a forgotten one may be faster than its cancel: the trail tells which.
        in_line = {job for job, steps in self.trail.steps.items() if any(step.state in _IN_LINE for step in steps)}
        assert tally.enqueued == len(in_line)
        early = ends.keys() - in_line
        assert len(early) <= never_in_line
        assert {ends[job] for job in early} <= {State.CANCELLED}
        assert tally.started == len(self.trail.claims)
        steps = Counter(step.state for steps in self.trail.steps.values() for step in steps)
        assert tally.retried == steps[State.RETRYING]
        assert await self._ends_counted() == await self._ends_written(in_line)
        noted = await self.database.fetch("SELECT job_id, state FROM ends")
        assert sorted((row["job_id"], row["state"]) for row in noted) == sorted(ends.items())
        await assert_nobody_has_anything(self.redis)
        strays = await self._stray_keys()
        assert not strays, f"left in Redis: {sorted(strays)}"

    async def _ends_counted(self) -> Counter[tuple[Pair, State]]:
        """Give what the scripts have counted of ends, by queue, task and state."""
        tallies = parse(await counted_in(self.redis))
        return Counter({(pair, state): n for pair, tally in tallies.items() for state, n in tally.ended.items() if n})

    async def _ends_written(self, jobs: Collection[str]) -> Counter[tuple[Pair, State]]:
        """Give what PostgreSQL's history has of the ends of these jobs, in the same way."""
        rows = await self.database.fetch("SELECT queue, task, state FROM jobs WHERE id = ANY ($1)", list(jobs))
        return Counter((Pair(row["queue"], row["task"]), State(row["state"])) for row in rows)

    async def _stray_keys(self) -> set[str]:
        """Give the keys that would stay for ever though they are not of the fixed set."""
        found, cursor = set(), None
        while cursor != 0:
            cursor, page = await self.redis.scan(cursor or 0, count=1_000)
            pipe = self.redis.pipeline(transaction=False)
            for key in page:
                pipe.ttl(key)
            lives = await pipe.execute()
            found |= {key.decode() for key, life_s in zip(page, lives, strict=True) if life_s == -1}
        return {key for key in found - _LASTING if not key.startswith(keys.WAKE)}


@asynccontextmanager
async def bed_of(environ: Mapping[str, str], database: Database) -> AsyncIterator[Bed]:
    """Make a test bed of empty stores; no worker may run yet."""
    settings = load_settings(environ)
    redis = connect_redis(settings.redis_url.get_secret_value(), patience_s=_PATIENCE_S)
    await database.execute(NOTE_ENDS)
    try:
        async with trail_of(redis) as trail:
            queue = Queue(redis, patience_s=_PATIENCE_S, step_ms=settings.step_ms)
            store = QuotaStore(database, redis, tiers=settings.quotas, patience_s=_PATIENCE_S)
            quotas = Quotas(store, database=database)
            await quotas.copy()  # as a web process does
            yield Bed(environ=environ, database=database, redis=redis, queue=queue, quotas=quotas, trail=trail)
    finally:
        await redis.aclose(close_connection_pool=True)


async def tally_of(redis: Redis) -> Tally:
    """Give what Redis has counted of all tasks together."""
    counts: Counter[str] = Counter()
    for name, value in (await counted_in(redis)).items():
        counter, queue, _, *part = name.split("|")
        counts["|".join((counter, queue, "all", *part))] += value
    return parse(counts).get(Pair(QUEUE, "all"), Tally())


async def counted_in(redis: Redis) -> dict[str, int]:
    """Give the counters as they are in Redis."""
    found: dict[bytes, bytes] = await redis.hgetall(keys.COUNTERS)  # type: ignore[misc]
    return {name.decode(): int(value) for name, value in found.items()}


def dice(seed: int) -> random.Random:
    """Give numbers that look random and are the same every time."""
    return random.Random(seed)  # noqa: S311  nothing is kept secret with it


def _job(wanted: Wanted, now: datetime) -> Job:
    return Job(
        id=new_job_id(),
        task=wanted.task,
        queue=QUEUE,
        owner=wanted.owner,
        state=State.ACCEPTED,
        priority=wanted.priority,
        args=wanted.args,
        tags=(),
        run=1,
        fence=0,
        tries=0,
        max_tries=wanted.max_tries,
        timeout_s=wanted.timeout_s,
        accepted_at=now,
        run_at=now + timedelta(seconds=wanted.delay_s) if wanted.delay_s else None,
    )


def _row(job: Job) -> dict[str, object]:
    names = ("id", "task", "queue", "owner", "priority", "args", "max_tries", "timeout_s", "accepted_at", "run_at")
    return {name: getattr(job, name) for name in names}
