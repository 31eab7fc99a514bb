"""The worker as arq's: what lies in Redis, and what becomes of entries that cannot be run."""

import asyncio
import pickle
from typing import Any

import httpx
import orjson
import pytest
from arq.connections import ArqRedis
from arq.jobs import Job as ArqJob
from arq.worker import JobExecutionFailed
from redis.asyncio import ConnectionPool, Redis

from jobs import codec, keys
from jobs.context import JobContext
from jobs.errors import JobFailedError
from jobs.registry import Task
from tests.support.conditions import written
from tests.support.site import end_of, running_web, running_worker, submit


def stock_client(url: str) -> ArqRedis:
    """Make a client as users of arq do, with our codec."""
    pool = ConnectionPool.from_url(url)
    return ArqRedis(pool, job_serializer=codec.dumps, job_deserializer=codec.loads)


async def only_here(_: JobContext) -> None:
    """Be known to the web process alone."""


ONLY_HERE = Task(name="test.only_here", function=only_here, queue="data_sync")


async def odd(_: JobContext, how: str) -> Any:  # noqa: ANN401  that is the point
    """Give back what is hard to store, or raise what is hard to write down."""
    match how:
        case "nul":
            return {"text": "a\x00b", "nested": ["\x00"]}
        case "set":
            return {1}
        case "object":
            return object()
        case _:
            raise JobFailedError("\x00 \ud800 " + "x" * 10_000)


ODD = Task(name="test.odd", function=odd, queue="data_sync", max_tries=1)


async def test_a_waiting_job_lies_in_redis_as_arq_wants_it(web: httpx.AsyncClient, redis_url: str) -> None:
    """Its id in the queue's sorted set, its payload as JSON with the arguments by name."""
    job = await submit(web, "diag.fail", {"message": "m"})
    async with Redis.from_url(redis_url) as redis:
        assert await redis.zrange(keys.queue("data_sync"), 0, -1) == [job["id"].encode()]
        payload = orjson.loads(await redis.get(f"arq:job:{job['id']}"))
        assert await redis.ttl(f"arq:job:{job['id']}") == -1
    assert payload["f"] == "diag.fail"
    assert (payload["a"], payload["k"]) == ([], {"message": "m"})


async def test_arq_can_read_how_a_job_ended(site: httpx.AsyncClient, redis_url: str) -> None:
    """A result as it was, an error as an error."""
    good = await submit(site, "diag.sleep", {"seconds": 0})
    bad = await submit(site, "diag.fail", max_tries=1)
    await end_of(site, good["id"])
    await end_of(site, bad["id"])
    redis = stock_client(redis_url)
    try:
        result = await ArqJob(good["id"], redis, _deserializer=codec.loads).result(timeout=10, poll_delay=0.05)
        assert result == 0
        with pytest.raises(JobExecutionFailed, match="DiagnosticError: asked to fail"):
            await ArqJob(bad["id"], redis, _deserializer=codec.loads).result(timeout=10, poll_delay=0.05)
    finally:
        await redis.aclose(close_connection_pool=True)


async def test_nothing_of_an_ended_job_but_its_result_stays_in_redis(site: httpx.AsyncClient, redis_url: str) -> None:
    """And the result has an end."""
    job = await submit(site, "diag.fail", {"times": 1})
    await end_of(site, job["id"])
    async with Redis.from_url(redis_url) as redis, asyncio.timeout(10):
        while await redis.exists(f"arq:job:{job['id']}"):  # noqa: ASYNC110  arq tidies up after the end was told
            await asyncio.sleep(0.01)
        left = [key.decode() async for key in redis.scan_iter() if job["id"].encode() in key]
        assert left == [f"arq:result:{job['id']}"]
        assert 0 < await redis.ttl(left[0]) <= 3600


async def test_a_task_that_no_worker_knows_waits(environ: dict[str, str]) -> None:
    """It uses no try and keeps nobody back: a worker that knows it may come."""
    async with running_web(environ, ONLY_HERE) as client, running_worker(environ):
        unknown = await submit(client, ONLY_HERE.name, priority=10)
        behind = await submit(client, "diag.noop", priority=1)
        assert (await end_of(client, behind["id"]))["state"] == "succeeded"
        shown = (await client.get(f"/api/jobs/{unknown['id']}")).json()
    assert (shown["state"], shown["tries"]) == ("queued", 0)


async def test_a_pickled_payload_is_refused_and_never_loaded(
    web: httpx.AsyncClient, environ: dict[str, str], redis_url: str
) -> None:
    """A stock client with arq's default codec could make a worker run anything."""
    job = await submit(web, "diag.noop")
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"arq:job:{job['id']}", pickle.dumps({"t": None, "f": "diag.noop", "a": (), "k": {}, "et": 0}))
    async with running_worker(environ):
        ended = await end_of(web, job["id"])
    assert (ended["state"], "pickle" in ended["error"]["message"]) == ("failed", True)


async def test_an_entry_that_comes_back_is_not_run_again(site: httpx.AsyncClient, redis_url: str) -> None:
    """What is left of an ended job in the queue is tidied away; the row stays as it is."""
    job = await submit(site, "diag.noop")
    await end_of(site, job["id"])
    ended = await written(site, job["id"])
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(keys.queue("data_sync"), {job["id"]: -1e12})
        await redis.lpush(keys.wake("data_sync"), "1")
        async with asyncio.timeout(10):
            while await redis.zcard(keys.queue("data_sync")):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
    assert (await site.get(f"/api/jobs/{job['id']}")).json() == ended


@pytest.mark.usefixtures("site")
async def test_a_stock_client_enqueues_what_our_worker_runs(redis_url: str) -> None:
    """With our codec; the result comes back the stock way."""
    redis = stock_client(redis_url)
    try:
        job = await redis.enqueue_job("diag.sleep", seconds=0.01, _queue_name=keys.queue("data_sync"))
        assert job is not None
        assert await job.result(timeout=10, poll_delay=0.05) == 0.01
    finally:
        await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize(
    ("how", "state", "result"),
    [
        ("nul", "succeeded", {"text": "a\ufffdb", "nested": ["\ufffd"]}),
        ("set", "succeeded", [1]),
        ("object", "failed", None),
        ("error", "failed", None),
    ],
)
async def test_an_odd_end_is_stored_all_the_same(environ: dict[str, str], how: str, state: str, result: object) -> None:
    """What JSON or PostgreSQL cannot hold never leaves a job without its end."""
    async with running_web(environ, ODD) as client, running_worker(environ, ODD):
        job = await submit(client, ODD.name, {"how": how})
        ended = await end_of(client, job["id"])
    assert (ended["state"], ended["result"]) == (state, result)
    assert (ended["error"] is None) == (state == "succeeded")
