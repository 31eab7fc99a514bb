"""A PostgreSQL that is there and takes nothing, as a standby: no answer is a fault of ours, and no event is buried."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from jobs.accept import Accepted, Acceptor
from jobs.admit import Admitter, Limits
from jobs.errors import StoreUnavailableError
from jobs.find import JobFinder
from jobs.history import HistoryWriter
from jobs.idempotency import IdempotentSubmitter
from jobs.once import Once
from jobs.registry import TaskTable
from jobs.scribe import Scribe
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.keyring import Keyring
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_redis
from jobs.stores.site import SiteStore
from jobs.strays import Strays
from jobs.submission import Submission
from jobs.submit import Submitter
from jobs.tasks.diagnostics import diagnostic_tasks
from tests.support.both import both_of, write_history
from tests.support.conditions import PATIENCE_S

_NEW = NewJob(
    id="a",
    task="diag.noop",
    queue="data_sync",
    owner="ann",
    priority=5,
    args={},
    tags=("x", "y"),
    max_tries=5,
    timeout_s=5,
    run_at=None,
    delay_s=None,
)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    client = connect_redis(redis_url, patience_s=PATIENCE_S)
    yield client
    await client.aclose(close_connection_pool=True)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url, size=2, patience_s=PATIENCE_S, answer_s=PATIENCE_S)
    try:
        yield database
    finally:
        await database.close()


@pytest.fixture
async def standby(database_url: str) -> AsyncIterator[Database]:
    """Give the same database as it takes no writes: a standby, or one whose disk is full, as services have it."""
    async with _opened(f"{database_url}&default_transaction_read_only=on") as database:
        yield database


def _acceptor(database: Database, redis: Redis) -> Acceptor:
    jobs, queue = JobStore(database), Queue(redis, patience_s=PATIENCE_S, step_ms=600_000)
    admitter = Admitter(jobs=jobs, queue=queue, limits=Limits())
    return Acceptor(
        database=database, jobs=jobs, queue=queue, admitter=admitter, typical_s=lambda _: 30.0, patience_s=PATIENCE_S
    )


async def _history(database: Database, redis: Redis) -> HistoryWriter:
    both = both_of(database, redis)
    await both.events.open()
    return HistoryWriter(events=both.events, scribe=Scribe(both.jobs, both.queue))


async def _states(database: Database) -> dict[str, str]:
    return {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM jobs ORDER BY id")}


async def _buried(database: Database) -> int:
    return len(await database.fetch("SELECT FROM dead_events"))


async def test_redis_takes_what_a_standby_does_not(standby: Database, database: Database, redis: Redis) -> None:
    """It is written as soon as that can be done; until then whoever writes waits, as for one that is away."""
    (taken,) = await _acceptor(standby, redis).accept([_NEW])
    assert isinstance(taken, Accepted)
    assert not taken.job.is_written
    with pytest.raises(StoreUnavailableError):
        await Scribe(JobStore(standby), both_of(standby, redis).queue).write_events(
            b'[{"id":"a","run":"1","v":"5","state":"queued","at":"1"}]'
        )
    with pytest.raises(StoreUnavailableError):
        await SiteStore(standby, steward="one", lease_s=5).tick()
    await write_history(both_of(database, redis))
    assert await _states(database) == {"a": "queued"}


async def test_no_event_is_buried_for_a_lock(database_url: str, database: Database, redis: Redis) -> None:
    """As a migration may hold it for longer than statements are let wait."""
    await _acceptor(database, redis).accept([_NEW, replace(_NEW, id="b")])
    async with _opened(f"{database_url}&lock_timeout=100") as hasty:
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(StoreUnavailableError):
                await (history := await _history(hasty, redis)).step(wait_ms=1)
        await history.finish()
    assert (await _states(database), await _buried(database)) == ({"a": "queued", "b": "queued"}, 0)


async def test_no_event_is_buried_for_a_column_that_is_not_there(database: Database, redis: Redis) -> None:
    """As for a steward of the next release, which was started before the migration."""
    await _acceptor(database, redis).accept([_NEW, replace(_NEW, id="b")])
    await database.execute("ALTER TABLE jobs RENAME COLUMN progress TO not_yet")
    with pytest.raises(StoreUnavailableError):
        await (history := await _history(database, redis)).step(wait_ms=1)
    await database.execute("ALTER TABLE jobs RENAME COLUMN not_yet TO progress")
    await history.finish()
    assert (await _states(database), await _buried(database)) == ({"a": "queued", "b": "queued"}, 0)


async def test_a_job_that_a_look_finds_before_its_event_has_its_tags(
    standby: Database, database: Database, redis: Redis
) -> None:
    """Redis alone had taken it; what a stranger calls as no column can is left where it is."""
    await _acceptor(standby, redis).accept([_NEW])
    await redis.zadd("arq:queue:data_sync", {"a\0b": 1})
    await redis.set("arq:job:a\0b", b'{"t":null,"f":"diag.noop","a":[],"k":{},"et":1}')
    both = both_of(database, redis)
    await Strays(both, scribe=Scribe(both.jobs, both.queue), queues=["data_sync"]).look("data_sync", 0)
    await write_history(both)
    (row,) = await database.fetch("SELECT id, tags FROM jobs")
    assert (row["id"], sorted(row["tags"])) == ("a", ["x", "y"])


async def test_what_redis_had_taken_under_a_key_is_answered_again(
    standby: Database, database: Database, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, and its row came by an event: the repetition is the first one's."""
    queue, keyring = Queue(redis, patience_s=PATIENCE_S, step_ms=600_000), Keyring(redis, patience_s=PATIENCE_S)

    def submitter(of: Database) -> IdempotentSubmitter:
        jobs = JobStore(of)
        plain = Submitter(
            tasks=TaskTable(diagnostic_tasks(["data_sync"])), database=of, jobs=jobs, queue=queue, turn_s=30
        )
        finder = JobFinder(jobs=jobs, queue=queue)
        once = Once(jobs=jobs, keyring=keyring, patience_s=PATIENCE_S)
        return IdempotentSubmitter(submitter=plain, finder=finder, once=once)

    async def lost(*_: object, **__: object) -> None:
        raise ConnectionAbortedError

    wanted = Submission(task="diag.noop", args={}, owner="ann")
    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "settle", lost)
        with pytest.raises(ConnectionAbortedError):
            await submitter(standby).submit(wanted, key="k")
    (name,) = [key async for key in redis.scan_iter(match="*idem*")]
    words = (await redis.get(name)).decode().split(" ")
    await redis.set(name, " ".join([words[0], "0", *words[2:]]))  # a while ago
    await write_history(both_of(database, redis))
    again = [await submitter(database).submit(wanted, key="k") for _ in range(2)]
    assert {one.job.id for one in again} == set(await _states(database))
