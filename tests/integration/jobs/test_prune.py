"""What stewards drop and what they keep: old jobs, and a stream that must not grow for ever."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from jobs import codec, keys
from jobs.prune import Pruner
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.database import Database
from jobs.stores.events import Events, Keep
from jobs.stores.jobs import JobStore
from jobs.stores.redis import connect_redis

_ROWS = """
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at
)
SELECT
    number::text, 't', 'q', 'ann', CASE WHEN number % 3 = 0 THEN 'queued' ELSE 'failed' END, 5, '{}', '{}', 5, 300,
    now() - make_interval(days => 20), CASE WHEN number % 3 > 0 THEN now() - make_interval(days => 5 * (number % 3)) END
FROM generate_series(1, 1800) AS number
"""
_TRIES = """
INSERT INTO tries (job_id, run, fence, try, ended_at, outcome, version)
SELECT id, run, number, number, finished_at, 'failed', 1
FROM jobs CROSS JOIN generate_series(1, 2) AS number WHERE state = 'failed'
"""

_DEEDS = """
INSERT INTO audit (at, actor, action, object_id, outcome, details)
SELECT now() - age, actor, 'job.cancel', number::text, 'done', '{}'::jsonb
FROM
    generate_series(1, 100) AS number,
    (VALUES ('today', interval '1 hour'), ('lately', interval '3 days')) AS young (actor, age)
UNION ALL
SELECT now() - interval '9 days', 'long ago', 'job.cancel', number::text, 'done', '{}'::jsonb
FROM generate_series(1, 800) AS number
"""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    client = connect_redis(redis_url, patience_s=10)
    yield client
    await client.aclose(close_connection_pool=True)


async def test_old_ends_are_dropped_some_at_a_time(database: Database) -> None:
    """With their tries. What ended lately stays, and so does what has not ended; files outlive their jobs."""
    await database.execute(_ROWS)
    await database.execute(_TRIES)
    pruner = _pruner(database, days=7)
    assert [await pruner.prune() for _ in range(3)] == [500, 100, 0]
    rows = await database.fetch("SELECT state, count(*) AS amount FROM jobs GROUP BY state ORDER BY state")
    assert [(row["state"], row["amount"]) for row in rows] == [("failed", 600), ("queued", 600)]
    (left,) = await database.fetch(
        "SELECT count(*) AS tries, count(id) AS kept FROM tries LEFT JOIN jobs ON id = job_id"
    )
    assert (left["tries"], left["kept"]) == (1_200, 1_200)
    assert await _pruner(database).prune() == 0


async def test_old_members_of_an_open_batch_stay(database: Database) -> None:
    """Until it has counted them."""
    await database.execute(_ROWS)
    await database.execute("INSERT INTO batches (id, owner, total, stirred) VALUES ('open', 'ann', 2, false)")
    await database.execute("UPDATE jobs SET batch_id = 'open' WHERE id IN ('2', '5')")
    pruner = _pruner(database, days=7)
    assert [await pruner.prune() for _ in range(3)] == [500, 98, 0]
    await database.execute("UPDATE batches SET finished_at = now()")
    assert await pruner.prune() == 2


async def test_old_deeds_are_dropped_where_that_is_wanted(database: Database) -> None:
    """Some at a time, never those of the last day; by default none."""
    await database.execute(_DEEDS)
    assert await _pruner(database).prune_audit() == 0
    pruner = _pruner(database, audit_days=7)
    assert [await pruner.prune_audit() for _ in range(3)] == [500, 300, 0]
    assert await AuditLog(database).drop_old(older_than_days=0, limit=500) == 100
    rows = await database.fetch("SELECT actor, count(*) AS amount FROM audit GROUP BY actor")
    assert [(row["actor"], row["amount"]) for row in rows] == [("today", 100)]


def _pruner(database: Database, *, days: int = 0, audit_days: int = 0) -> Pruner:
    return Pruner(
        jobs=JobStore(database),
        batches=BatchStore(database),
        days=days,
        audit=AuditLog(database),
        audit_days=audit_days,
    )


async def test_the_stream_keeps_what_is_young_unless_that_is_much(redis: Redis) -> None:
    """A PostgreSQL that comes back without its last minutes can be told them again."""
    events = Events(redis, consumer="one", keep=Keep(ms=600_000, entries=100))
    await events.open()
    old = 1_000_000
    for number in range(3):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps([])}, id=f"{old + number}-0")
    for _ in range(50):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps([])})
    await events.confirm(await events.next(most=1_000, wait_ms=1))
    await events.trim()
    assert await redis.xlen(keys.EVENTS) == 50
    for _ in range(100):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps([])})
    await events.trim()
    assert await redis.xlen(keys.EVENTS) >= 100, "nobody has read these yet"


async def test_it_is_told_how_far_the_history_is_behind(redis: Redis) -> None:
    """By the oldest event that nobody has confirmed, read or not."""
    events = Events(redis, consumer="one")
    assert await events.behind_s() == 0.0
    await events.open()
    assert await events.behind_s() == 0.0
    seconds, _ = await redis.time()
    await redis.xadd(keys.EVENTS, {"events": codec.dumps([])}, id=f"{(seconds - 60) * 1000}-0")
    assert 59 < await events.behind_s() < 70
    entries = await events.next(most=10, wait_ms=1)
    assert 59 < await events.behind_s() < 70
    await events.confirm(entries)
    assert await events.behind_s() == 0.0
