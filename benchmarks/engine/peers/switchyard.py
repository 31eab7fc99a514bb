"""Our own engine with everything on: score, limits, leases, fences, events, and the history, written by the worker.

It also needs PostgreSQL, in BENCH_DATABASE_URL: the rows that the history is written to are there before a pass. An
emptied Redis is settled first: a steward that finds it later takes it for one that has lost all of these jobs, and
brings them back while others are measured.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from app.migrate import FOLDER, load_migrations, migrate
from benchmarks.engine.peers.script import NOOP, Producer, run
from benchmarks.engine.peers.tally import count, report_start
from jobs import keys
from jobs.cancelling import cancel_until_ended
from jobs.context import JobContext
from jobs.ids import new_job_id
from jobs.logs import configure_logs
from jobs.model import Job, State
from jobs.registry import Task, TaskTable
from jobs.serve import serve_until_signal
from jobs.settings import load_settings
from jobs.stewardship import CONNECTIONS, Stewardship, Stores
from jobs.stores.database import Database
from jobs.stores.queue import MOST_AT_ONCE, Entry, Queue
from jobs.stores.redis import connect_redis
from tests.support.conditions import eventually

QUEUE = "bench"
STEP_MS = 600_000
JOBS = 30_000  # of a drain

_PATIENCE_S = 30.0
_ROWS = """
INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s)
SELECT lpad(to_hex(number), 32, '0'), 'noop', 'bench', 'bench', 'queued', 5, '{}', '{}', 5, 300
FROM generate_series($1::integer, $2::integer - 1) AS number
"""


async def noop(_: JobContext, number: int) -> None:
    """Do nothing but be counted."""
    count(number)


async def mark(_: JobContext, sent_at: float) -> None:
    """Report how long it took to get here."""
    report_start(sent_at)


TASKS = TaskTable(
    [
        Task(name=NOOP, function=noop, queue=QUEUE, typical_s=0.01),
        Task(name="mark", function=mark, queue=QUEUE, typical_s=0.01),
    ]
)


def row_id(number: int) -> str:
    """Give the id of the row that was made for the no-op job of this number."""
    return f"{number:032x}"


async def make_rows(database: Database, numbers: range) -> None:
    """Store jobs of these numbers as the API does. No more than there will be in Redis: a steward would bring them."""
    await database.execute(_ROWS, numbers.start, numbers.stop)


def entry_of(job_id: str, task: str, *, owner: str = "bench", priority: int = 5, **args: float) -> Entry:
    """Make a job as the API does once its row is in PostgreSQL."""
    job = Job(
        id=job_id,
        task=task,
        queue=QUEUE,
        owner=owner,
        state=State.ACCEPTED,
        priority=priority,
        args=args,
        tags=(),
        run=1,
        fence=0,
        tries=0,
        max_tries=5,
        timeout_s=300.0,
        accepted_at=datetime.now(UTC),
        run_at=None,
    )
    return Entry(job=job, typical_s=0.01)


@dataclass(frozen=True, slots=True)
class SwitchyardProducer:
    """The client that web processes use."""

    queue: Queue

    async def enqueue(self, task: str, argument: float) -> None:
        """Enqueue one job."""
        if task == NOOP:
            await self.queue.enqueue([entry_of(row_id(int(argument)), NOOP, number=argument)])
        else:
            await self.queue.enqueue([entry_of(new_job_id(), task, sent_at=argument)])

    async def enqueue_batch(self, numbers: range) -> None:
        """Enqueue 200 by a call."""
        for first in range(numbers.start, numbers.stop, MOST_AT_ONCE):
            part = numbers[first - numbers.start : first - numbers.start + MOST_AT_ONCE]
            await self.queue.enqueue([entry_of(row_id(number), NOOP, number=number) for number in part])


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Producer]:
    """Open a client."""
    redis = connect_redis(url, patience_s=_PATIENCE_S)
    try:
        yield SwitchyardProducer(Queue(redis, patience_s=_PATIENCE_S, step_ms=STEP_MS))
    finally:
        await redis.aclose(close_connection_pool=True)


async def settle(url: str) -> None:
    """Let a steward put the site in order, which has no job yet; make the rows anew."""
    database = await Database.open(
        os.environ["BENCH_DATABASE_URL"], size=CONNECTIONS, patience_s=_PATIENCE_S, answer_s=None
    )
    await migrate(database, load_migrations(FOLDER))
    await database.execute("TRUNCATE jobs, site CASCADE")
    redis = connect_redis(url, patience_s=_PATIENCE_S)
    stores = Stores(database=database, redis=redis, listening=redis, name="settling", patience_s=_PATIENCE_S)
    steward = Stewardship.of(load_settings(dict(environment(url))), TASKS, stores)
    running = asyncio.create_task(steward.run())
    await eventually(lambda: redis.exists(keys.SERVER), within_s=_PATIENCE_S)
    await cancel_until_ended([running], again_s=1.0)
    await steward.close()
    await make_rows(database, range(JOBS))
    await redis.aclose(close_connection_pool=True)
    await database.close()


def environment(url: str) -> Iterator[tuple[str, str]]:
    """Give the variables of the worker: one owner has all jobs, so his limit is one that is looked at but not met."""
    yield "REDIS_URL", url
    yield "DATABASE_URL", os.environ["BENCH_DATABASE_URL"]
    yield "JOBS_QUOTAS", "admin=100000/1000000,normal=100000/1000000"


async def work(url: str, concurrency: int) -> None:
    """Run a worker until SIGTERM."""
    configure_logs(form="json", level="warning")
    await serve_until_signal(load_settings(dict(environment(url))), TASKS, {QUEUE: concurrency}, with_steward=True)


if __name__ == "__main__":
    run(connect, work, settle)
