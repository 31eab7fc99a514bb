"""Groups of new jobs on their way into both stores, and rows that PostgreSQL gets from events."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from jobs import keys
from jobs.accept import Accepted, Acceptor
from jobs.admit import Admitter, Limits
from jobs.model import State
from jobs.quota import DEFAULT_TIER, Quota, Tiers
from jobs.stores import rows
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.queue import Queue
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from tests.support.conditions import PATIENCE_S

_NEW = NewJob(
    id="",
    task="diag.noop",
    queue="data_sync",
    owner="ann",
    priority=5,
    args={"text": 'a "quoted" ü\n'},
    tags=("x", "y, z"),
    max_tries=5,
    timeout_s=0.5,
    run_at=None,
    delay_s=None,
)


@pytest.fixture
async def acceptor(database: Database, redis_url: str) -> AsyncIterator[Acceptor]:
    """Give one that has both stores."""
    redis = connect_redis(redis_url, patience_s=PATIENCE_S)
    jobs, queue = JobStore(database), Queue(redis, patience_s=PATIENCE_S, step_ms=600_000)
    tiers = Tiers({**Tiers().numbers, DEFAULT_TIER: Quota(max_running=1, max_waiting=7)})
    quotas = QuotaStore(database, redis, tiers=tiers, patience_s=PATIENCE_S)
    yield Acceptor(
        database=database,
        jobs=jobs,
        queue=queue,
        admitter=Admitter(jobs=jobs, queue=queue, limits=Limits(quotas=quotas)),
        typical_s=lambda _: 30.0,
        patience_s=PATIENCE_S,
    )
    await redis.aclose(close_connection_pool=True)


async def test_a_group_is_accepted_in_its_order(acceptor: Acceptor, database: Database) -> None:
    """Each job with what it asked for: at once, later, or until when."""
    wanted = [
        replace(_NEW, id="c"),
        replace(_NEW, id="a", delay_s=60, expires_in_s=90),
        replace(_NEW, id="b", run_at=datetime(2199, 1, 1, tzinfo=UTC), unique_key="k"),
    ]
    accepted = await acceptor.accept(wanted)
    jobs = [one.job for one in accepted if isinstance(one, Accepted)]
    assert [(job.id, job.state) for job in jobs] == [
        ("c", State.QUEUED),
        ("a", State.SCHEDULED),
        ("b", State.SCHEDULED),
    ]
    store = JobStore(database)
    for job in jobs:
        assert await store.get(job.id) == replace(job, state=State.ACCEPTED)
    assert jobs[1].run_at is not None
    assert (jobs[1].run_at - jobs[1].accepted_at).total_seconds() == 60


@pytest.mark.parametrize(("micros", "late_ms"), [(0, 0), (1, 1), (999, 1), (1_000, 1), (1_001, 2)])
async def test_a_job_is_never_due_before_its_time(
    acceptor: Acceptor, redis_url: str, micros: int, late_ms: int
) -> None:
    """Its time may lie within a millisecond; Redis knows whole ones only, and takes the next."""
    run_at = datetime(2199, 1, 1, 0, 0, 0, tzinfo=UTC)
    await acceptor.accept([replace(_NEW, id="j", run_at=run_at.replace(microsecond=micros))])
    redis = connect_redis(redis_url, patience_s=PATIENCE_S)
    try:
        assert await redis.zscore(keys.queue(_NEW.queue), "j") == run_at.timestamp() * 1000 + late_ms
    finally:
        await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize("place", [0, 3, 6])
async def test_one_bad_row_fails_alone(acceptor: Acceptor, database: Database, place: int) -> None:
    """What PostgreSQL refuses, here for its priority, keeps none of the others back."""
    wanted = [replace(_NEW, id=f"j{number}") for number in range(7)]
    wanted[place] = replace(wanted[place], priority=77)
    outcomes = await acceptor.accept(wanted)
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [place]
    stored = {row["id"] for row in await database.fetch("SELECT id FROM jobs")}
    assert stored == {f"j{number}" for number in range(7) if number != place}


async def test_an_event_with_a_row_makes_the_job_in_any_order(database: Database) -> None:
    """Told first, last, twice, or when PostgreSQL had taken it after all: one row, which says how the job ended."""
    row = rows.pack(replace(_NEW, id="j", expires_in_s=9).accepted(at=_NOW, run_at=None, expires_at=_NOW)).decode()
    told = [
        {"id": "j", "run": "1", "v": "10", "at": "1700000000000", "state": "queued", "row": row},
        {"id": "j", "run": "1", "v": "11", "at": "1700000000100", "state": "running", "try": "1"},
        {"id": "j", "run": "1", "v": "12", "at": "1700000000200", "state": "succeeded", "try": "1", "result": "7"},
    ]
    store = JobStore(database)
    for order in itertools.permutations(told):
        await database.execute("DELETE FROM jobs")
        # Events of a job that has no row yet are read again, as all are that were not confirmed.
        for events in (order, order[:1], order):
            await store.apply(orjson.dumps(events))
        job = await store.get("j")
        assert job is not None
        assert (job.state, job.result, job.tries) == (State.SUCCEEDED, 7, 1)
        assert (job.args, job.tags, job.accepted_at, job.expires_at) == (_NEW.args, _NEW.tags, _NOW, _NOW)
    assert len(await database.fetch("SELECT id FROM jobs")) == 1


async def test_a_row_that_is_there_stays(database: Database) -> None:
    """PostgreSQL had taken the job, though nobody heard: what it has is not written over."""
    store = JobStore(database)
    async with database.connect() as connection:
        (job,) = await store.insert([replace(_NEW, id="j")], connection=connection)
    assert job is not None
    row = rows.pack(replace(job, priority=9)).decode()
    await store.apply(orjson.dumps([{"id": "j", "run": "1", "v": "1", "at": "1", "state": "queued", "row": row}]))
    assert await store.get("j") == replace(job, state=State.QUEUED)


_NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


def test_a_row_is_read_as_it_was_written() -> None:
    """Whoever asks for the job meanwhile gets what was accepted."""
    job = replace(_NEW, id="j", unique_key="k").accepted(at=_NOW, run_at=_NOW, expires_at=None)
    assert rows.unpack(rows.pack(job)) == replace(job, is_written=False)
