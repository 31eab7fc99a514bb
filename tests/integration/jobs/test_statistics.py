"""Reading the counters and the queues of a real Redis."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from jobs import counters, keys
from jobs.counters import Pair, field_of
from jobs.errors import StoreUnavailableError
from jobs.scoring import FOREIGN_FROM, PARKED, QUARANTINE, TIMED_BELOW, TIMED_FROM, Band, band_of
from jobs.stores.statistics import Statistics

EDGES = (FOREIGN_FROM, TIMED_FROM, TIMED_BELOW, PARKED, QUARANTINE)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client."""
    async with Redis.from_url(redis_url) as client:
        yield client


async def test_an_empty_redis_reads_as_zeros(redis: Redis) -> None:
    """Each queue and each band is there."""
    reading = await Statistics(redis, queues=["a", "b"], patience_s=2).read()
    assert reading.tallies == {}
    assert reading.entries == {queue: dict.fromkeys(Band, 0) for queue in ("a", "b")}


async def test_entries_fall_into_the_bands_of_the_score_rule(redis: Redis) -> None:
    """At each edge and on both sides of it, as jobs.scoring tells the bands; no entry is left out or counted twice."""
    scores = [edge + step for edge in EDGES for step in (-1, 0, 1)] + [-(10**13), -0.5, 10**17]
    await redis.zadd(keys.queue("a"), {f"job-{score}": score for score in scores})
    await redis.zadd(keys.queue("b"), {"job": -1})
    reading = await Statistics(redis, queues=["a", "b", "c"], patience_s=2).read()
    assert {band: count for band, count in reading.entries["a"].items() if count} == Counter(map(band_of, scores))
    assert [sum(bands.values()) for bands in reading.entries.values()] == [len(scores), 1, 0]


async def test_counters_are_read_by_pair(redis: Redis) -> None:
    """What is no text of ours disturbs nothing."""
    pair = Pair("a", "t")
    fields = (field_of(counters.STARTED, pair), 7, b"started|\xff|t", 1)
    await redis.execute_command("HSET", keys.COUNTERS, *fields)  # type: ignore[no-untyped-call]  # it has no types
    reading = await Statistics(redis, queues=[], patience_s=2).read()
    assert reading.tallies[pair].started == 7
    assert len(reading.tallies) == 2


async def test_a_redis_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    """And nothing else is raised."""
    async with Redis(unix_socket_path=str(tmp_path / "none")) as client:
        with pytest.raises(StoreUnavailableError):
            await Statistics(client, queues=["a"], patience_s=2).read()
