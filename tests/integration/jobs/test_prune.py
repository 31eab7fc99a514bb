"""What stewards drop and what they keep: old jobs, and a stream that must not grow for ever."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from jobs import codec, keys
from jobs.prune import Pruner
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


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    client = connect_redis(redis_url, patience_s=10)
    yield client
    await client.aclose(close_connection_pool=True)


async def test_old_ends_are_dropped_some_at_a_time(database: Database) -> None:
    """What ended lately stays, and so does what has not ended, however old it is; files outlive their jobs."""
    await database.execute(_ROWS)
    pruner = Pruner(JobStore(database), BatchStore(database), days=7)
    assert [await pruner.prune() for _ in range(3)] == [500, 100, 0]
    rows = await database.fetch("SELECT state, count(*) AS amount FROM jobs GROUP BY state ORDER BY state")
    assert [(row["state"], row["amount"]) for row in rows] == [("failed", 600), ("queued", 600)]
    assert await Pruner(JobStore(database), BatchStore(database), days=0).prune() == 0


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
