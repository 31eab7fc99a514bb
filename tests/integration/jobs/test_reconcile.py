"""A stock arq worker runs our jobs: their ends reach PostgreSQL, and nothing of ours is left in Redis."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool

from jobs import codec, keys
from jobs.reconcile import Reconciler
from jobs.stores.database import Database
from tests.support.bed import QUEUE, Bed, Wanted, bed_of
from tests.support.both import both_of, mender_of, see_to_redis, write_history


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed, of which a steward has seen to Redis."""
    async with bed_of(environ, database) as bed:
        await see_to_redis(database, bed.redis)
        yield bed


async def _stock_run(url: str) -> None:
    """Let a stock worker run what there is."""

    async def noop(*_: Any, **__: Any) -> list[int]:  # noqa: ANN401  as arq calls it
        return [1, 2]

    async def fail(*_: Any, message: str, **__: Any) -> None:  # noqa: ANN401  the same
        raise ValueError(message)

    pool = ConnectionPool.from_url(url)
    worker = Worker(
        functions=[
            func(cast("WorkerCoroutine", noop), name="diag.noop"),
            func(cast("WorkerCoroutine", fail), name="diag.fail"),
        ],
        queue_name=keys.queue(QUEUE),
        redis_pool=ArqRedis(pool),
        burst=True,
        handle_signals=False,
        poll_delay=0.01,
        job_serializer=codec.dumps,
        job_deserializer=codec.loads,
    )
    try:
        await worker.async_run()
    finally:
        await pool.disconnect()


def _reconciler(bed: Bed) -> Reconciler:
    both = both_of(bed.database, bed.redis)
    return Reconciler(both, mender=mender_of(both), queues=[QUEUE], age_s=0)


async def _reconcile(bed: Bed) -> None:
    both = both_of(bed.database, bed.redis)
    await write_history(both)
    await _reconciler(bed).look()
    await write_history(both)


async def test_what_a_stock_worker_has_ended_is_written_down(bed: Bed) -> None:
    """With its result or its error; and its unique places in the indexes are free."""
    done, failed = await bed.submit([Wanted(), Wanted(task="diag.fail", args={"message": "no"})])
    await _stock_run(bed.environ["REDIS_URL"])
    (later,) = await bed.submit([Wanted(delay_s=900)])
    await _reconcile(bed)
    rows = {row["id"]: row for row in await bed.database.fetch("SELECT * FROM jobs")}
    assert (rows[done]["state"], rows[done]["result"], rows[done]["tries"]) == ("succeeded", [1, 2], 1)
    assert (rows[failed]["state"], rows[failed]["error"]["message"]) == ("failed", "ValueError: no")
    assert rows[done]["finished_at"] is not None
    assert rows[later]["finished_at"] is None
    left = {key.decode() for key in await bed.redis.keys("*") if done.encode() in key or failed.encode() in key}
    assert left == {prefix + job for prefix in (keys.RESULT, keys.DONE) for job in (done, failed)}
    assert await bed.redis.exists(keys.line(QUEUE, "somebody")) == 0


async def test_a_lost_payload_comes_from_postgresql(bed: Bed) -> None:
    """The job runs, with the arguments that were accepted."""
    (job,) = await bed.submit([Wanted(task="diag.sleep", args={"seconds": 0.01})])
    await bed.redis.delete(keys.PAYLOAD + job)
    await _reconcile(bed)
    payload = await bed.redis.get(keys.PAYLOAD + job)
    assert payload is not None
    assert codec.loads(payload)["k"] == {"seconds": 0.01}
    async with bed.worker(1):
        rows = await bed.until_written(within_s=20)
    assert rows[job]["state"] == "succeeded"


async def test_all_jobs_are_looked_at_page_by_page(bed: Bed) -> None:
    """The look begins anew after the last."""
    jobs = await bed.submit([Wanted(delay_s=900)] * 450)
    await bed.redis.delete(*[keys.PAYLOAD + job for job in jobs])
    await write_history(both_of(bed.database, bed.redis))
    reconciler = _reconciler(bed)
    left = []
    for _ in range(4):
        await reconciler.look()
        left.append(450 - await bed.redis.exists(*[keys.PAYLOAD + job for job in jobs]))
    assert left == [250, 50, 0, 0]
    await bed.redis.delete(keys.PAYLOAD + jobs[0])
    await reconciler.look()
    await reconciler.look()
    await reconciler.look()
    assert await bed.redis.exists(keys.PAYLOAD + jobs[0]) == 1
