"""Both stores with a worker's hands and a steward's, for tests that make a state and watch it heal."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from jobs import keys
from jobs.ids import new_job_id
from jobs.model import Job, State
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.restore import Restorer
from jobs.scribe import Scribe
from jobs.stores.both import Both
from jobs.stores.database import Database, Row
from jobs.stores.jobs import NewJob
from jobs.stores.leases import Claimed, Ending, Leases, Timing
from jobs.stores.queue import Entry
from jobs.stores.redis import connect_redis
from jobs.strays import Strays
from tests.support.both import both_of, look_for_strays, mender_of, see_to_redis, write_history

QUEUE = "data_sync"
RESULT = b'{"t":1,"f":"t","k":{},"et":1,"st":1,"q":"q","s":true,"r":42,"state":"succeeded"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Both stores, a worker's hands, and a steward's."""

    database: Database
    redis: Redis
    both: Both
    leases: Leases
    reconciler: Reconciler
    recoverer: Recoverer
    strays: Strays

    async def stored(self, *, owner: str = "ann", priority: int = 7) -> Job:
        """Accept a job: PostgreSQL has it."""
        new = NewJob(
            id=new_job_id(),
            task="t",
            queue=QUEUE,
            owner=owner,
            priority=priority,
            args={"a": 1},
            tags=(),
            max_tries=5,
            timeout_s=300,
            run_at=None,
            delay_s=None,
        )
        async with self.database.transaction() as connection:
            (job,) = await self.both.jobs.insert([new], connection=connection)
        assert job is not None
        return job

    async def queued(self, **more: Any) -> Job:  # noqa: ANN401  of `stored`
        """Accept a job and put it in line, and let PostgreSQL know."""
        job = await self.stored(**more)
        await self.enqueue(job)
        await write_history(self.both)
        return job

    async def enqueue(self, job: Job) -> None:
        """Put a job in line."""
        await self.both.queue.enqueue([Entry(job=job, typical_s=1.0)])

    async def claim(self) -> Claimed:
        """Take the next job."""
        request = f"{new_job_id()}-0"
        claim = await self.leases.claim(QUEUE, request=request, slots=1, suspects=1, endings=[])
        return claim.jobs[0]

    async def finish(self, claimed: Claimed) -> None:
        """Let a job succeed with 42."""
        ending = Ending(
            claimed=claimed,
            state=State.SUCCEEDED,
            result=RESULT,
            keep_ms=3_600_000,
            error=b"",
            value=b"42",
            ms=5,
        )
        await self.leases.claim(QUEUE, request=f"{new_job_id()}-0", slots=0, suspects=1, endings=[ending])

    async def lose_events(self) -> None:
        """Let what has been told and not been written be lost."""
        await self.redis.delete(keys.EVENTS)
        await self.both.events.open()

    async def lose(self, job: Job) -> None:
        """Let Redis forget a job altogether."""
        await self.redis.delete(
            *(prefix + job.id for prefix in (keys.JOB, keys.PAYLOAD, keys.DONE, keys.RESULT, keys.IN_PROGRESS))
        )
        await self.redis.zrem(keys.queue(QUEUE), job.id)
        await self.redis.delete(keys.line(QUEUE, job.owner))

    async def heal(self) -> None:
        """Let a steward look, and write what that has led to."""
        await write_history(self.both)
        await self.recoverer.look_for_wishes()
        await self.reconciler.look()
        await look_for_strays(self.strays)
        await write_history(self.both)

    async def row(self, job: Job) -> Row:
        """Give a job's row."""
        row = await self.database.fetch_row("SELECT * FROM jobs WHERE id = $1", job.id)
        assert row is not None
        return row

    async def hash_of(self, job: Job) -> dict[str, str]:
        """Give a job's hash."""
        found: dict[bytes, bytes] = await self.redis.hgetall(keys.job(job.id))  # type: ignore[misc]
        return {name.decode(): value.decode() for name, value in found.items()}


@asynccontextmanager
async def stage_of(environ: Mapping[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores, of which a steward has seen to Redis."""
    redis = connect_redis(environ["REDIS_URL"], patience_s=5)
    both = both_of(database, redis)
    await see_to_redis(database, redis)
    await both.events.open()
    timing = Timing(lease_ms=15_000, renew_ms=5_000, step_ms=600_000)
    restorer = Restorer(both, tasks=TaskTable([]), turn_s=30)
    yield Stage(
        database=database,
        redis=redis,
        both=both,
        leases=Leases(redis, redis, worker="w", timing=timing, tasks=["t"]),
        reconciler=Reconciler(both, mender=mender_of(both), queues=[QUEUE], age_s=0),
        recoverer=Recoverer(both, restorer=restorer, age_s=0),
        strays=Strays(both, scribe=Scribe(both.jobs, both.queue), queues=[QUEUE]),
    )
    await redis.aclose(close_connection_pool=True)
