"""Each difference from arq that deploy/arq.md lists, one test each; the lease's are in tests/acceptance."""

import asyncio
import pickle
import sys
from typing import Any

import pytest
from arq.jobs import JobStatus
from arq.worker import JobExecutionFailed

from deploy.local.redis import RedisServer
from jobs.worker import create_worker
from tests.support.arq_functions import add, wait
from tests.support.arq_site import (
    POLL_S,
    SHORT,
    SOON_S,
    Ctx,
    burst,
    client_of,
    field,
    named,
    planned,
    running,
    settings_of,
    until_running,
)
from tests.support.conditions import eventually

_GONE = -2  # PTTL's word for a key that there is not: a worker that was held up has lost its lease

SCRIPT = """
import asyncio
from arq.connections import RedisSettings
from arq.worker import func
from jobs.worker import run_worker
from tests.support.arq_site import (
    Ctx,
    POLL_S,
    SHORT,
    SOON_S,
    burst,
    client_of,
    field,
    named,
    planned,
    running,
    settings_of,
    until_running,
)

async def hang(ctx, seconds):
    await asyncio.sleep(3600)

settings = {{"functions": [func(hang, name="wait", timeout=3600)], "timing": SHORT}}
run_worker(settings, redis_settings=RedisSettings(unix_socket_path={path!r}))
"""


async def test_json_is_the_default_and_a_pickle_is_refused(redis_url: str) -> None:
    """A client with arq's default gets no result, and whoever looks reads why; nothing is loaded."""
    async with (
        client_of(redis_url, job_serializer=pickle.dumps, job_deserializer=pickle.loads) as stock,
        client_of(redis_url) as client,
        running(redis_url, [add]),
    ):
        await stock.enqueue_job("add", 1, _job_id="pickled")
        job = await client.enqueue_job("add", 1, _job_id="json")
        assert job is not None
        assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 2

        async def is_refused() -> bool:
            return bool(await client.exists("arq:result:pickled"))

        await eventually(is_refused, within_s=SOON_S)
        (told,) = [one for one in await client.all_job_results() if one.job_id == "pickled"]
        assert isinstance(told.result, JobExecutionFailed)
        assert "this is a pickle; Switchyard reads JSON only" in str(told.result)


async def test_an_unknown_function_waits(redis_url: str) -> None:
    """Until a worker comes that knows it; no try is used, and nobody is kept waiting by it."""
    async with client_of(redis_url) as client:
        async with running(redis_url, [wait], max_jobs=1):
            job = await client.enqueue_job("add", 1)
            known = await client.enqueue_job("wait", 0)
            assert job is not None
            assert known is not None
            await known.result(timeout=SOON_S, poll_delay=POLL_S)

            async def is_put_aside() -> bool:
                return await field(client, job.job_id, "why") == "unknown_task"

            await eventually(is_put_aside, within_s=SOON_S)
        await client.zadd("arq:queue", {job.job_id: 1})  # else it waits for ten seconds
        async with running(redis_url, [add]):
            assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 2
            told = await job.result_info()
            assert told is not None
            assert told.job_try == 1


async def test_an_unknown_function_fails_where_that_is_wanted(redis_url: str) -> None:
    """In arq's way and words."""
    async with client_of(redis_url) as client, running(redis_url, [wait], unknown_tasks="fail"):
        job = await client.enqueue_job("add", 1)
        assert job is not None
        with pytest.raises(JobExecutionFailed, match="function 'add' not found"):
            await job.result(timeout=SOON_S, poll_delay=POLL_S)


async def test_a_shutdown_gives_the_try_back(redis_url: str) -> None:
    """What a stopping worker has interrupted runs again as if it had not been started."""
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("wait")
        assert job is not None
        for _ in range(3):
            async with running(redis_url, [named(wait, name="wait", max_tries=1)]):
                await until_running(job)
            assert await job.status() is JobStatus.queued
            assert await field(client, job.job_id, "try") == "0"


async def test_a_lease_takes_the_place_of_the_timeout(redis_url: str) -> None:
    """What a worker that was killed has run is running elsewhere within seconds, whatever its time limit."""
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("wait", 0)
        assert job is not None
        path = settings_of(redis_url).unix_socket_path
        killed = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT.format(path=path))
        try:
            await until_running(job)

            async def is_leased() -> bool:
                left_ms = await client.pttl(f"arq:in-progress:{job.job_id}")
                assert left_ms == _GONE or 0 <= left_ms <= SHORT.lease_ms
                return bool(left_ms > 0)

            await eventually(is_leased)
        finally:
            killed.kill()
            await killed.wait()
        async with running(redis_url, [wait]):
            await job.result(timeout=SOON_S, poll_delay=POLL_S)
            told = await job.result_info()
            assert told is not None
            assert told.job_try == 1


async def test_aborting_is_always_on(redis_url: str) -> None:
    """Whatever `allow_abort_jobs` says, and nothing of it is left."""
    async with client_of(redis_url) as client, running(redis_url, [wait], allow_abort_jobs=False):
        job = await client.enqueue_job("wait")
        assert job is not None
        await until_running(job)
        assert await job.abort(timeout=SOON_S, poll_delay=POLL_S)
        assert not await client.exists("arq:abort")


@pytest.mark.parametrize("error", [RuntimeError("a hook"), SystemExit(1)], ids=["an error", "sys.exit"])
async def test_what_a_hook_raises_stops_nothing(redis_url: str, error: BaseException) -> None:
    """It is counted; the job ends as it would have."""

    async def broken(_: Ctx) -> None:
        raise error

    hooks = dict.fromkeys(("on_job_start", "on_job_end", "after_job_end", "on_shutdown"), broken)
    async with client_of(redis_url) as client:
        job = await client.enqueue_job("add", 1)
        assert job is not None
        worker = await burst(redis_url, [add], **hooks)
        assert await job.result(timeout=1) == 2
    assert (worker.jobs_complete, worker.hooks_failed) == (1, 4)


async def test_hooks_are_called_in_pairs(redis_url: str) -> None:
    """Also around a job that cannot be read, or whose function is not known: what they open is closed."""
    heard: list[str] = []

    async def started(ctx: Ctx) -> None:
        heard.append(f"start {ctx['job_id']}")

    async def ended(ctx: Ctx) -> None:
        heard.append(f"end {ctx['job_id']}")

    async with client_of(redis_url) as client:
        await client.enqueue_job("nobodys", _job_id="unknown")
        await client.enqueue_job("add", _job_id="broken")
        await client.set("arq:job:broken", b"{")
        await burst(redis_url, [add], unknown_tasks="fail", on_job_start=started, on_job_end=ended)
    assert sorted(heard) == ["end broken", "end unknown", "start broken", "start unknown"]


async def test_what_the_startup_raises_stops_the_worker(redis_url: str) -> None:
    """Before it takes a job."""

    async def broken(_: Ctx) -> None:
        raise RuntimeError("no start")

    async with client_of(redis_url) as client:
        job = await client.enqueue_job("add", 1)
        assert job is not None
        with pytest.raises(RuntimeError, match="no start"):
            await burst(redis_url, [add], on_startup=broken)
        assert await job.status() is JobStatus.queued


async def test_an_outage_of_redis_never_stops_it(tmp_path: Any) -> None:  # noqa: ANN401  a path
    """Jobs that run go on, their results arrive afterwards, and cron and hooks go on."""
    with RedisServer(tmp_path / "redis", durable=True) as server:
        async with running(server.url, [wait, add]) as worker:
            async with client_of(server.url) as client:
                job = await client.enqueue_job("wait", 1.5)
                assert job is not None
                await until_running(job)
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(2)  # longer than the job, and than its lease
            await asyncio.to_thread(server.start)
            async with client_of(server.url) as client:

                async def is_complete() -> bool:
                    return bool(await client.exists(f"arq:result:{job.job_id}"))

                await eventually(is_complete, within_s=SOON_S)
                after = await client.enqueue_job("add", 1)
                assert after is not None
                assert await after.result(timeout=SOON_S, poll_delay=POLL_S) == 2
            assert worker.jobs_complete == 2


async def test_polling_has_no_settings(redis_url: str) -> None:
    """They are taken and change nothing: who is idle is woken."""
    async with client_of(redis_url) as client, running(redis_url, [add], poll_delay=3600, queue_read_limit=1):
        for number in range(3):
            job = await client.enqueue_job("add", number)
            assert job is not None
            assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == number + 1


@pytest.mark.parametrize("name", ["max_job", "onstartup", "functoins"])
async def test_misspelt_settings_are_refused(name: str) -> None:
    """Before anything starts; arq drops them in silence."""
    settings = {"functions": [add], "handle_signals": False, name: None}
    with pytest.raises(TypeError, match=name):
        create_worker(settings)
    with pytest.raises(TypeError, match=name):
        create_worker(type("WorkerSettings", (), settings))


async def test_a_burst_leaves_what_it_does_not_know(redis_url: str) -> None:
    """Arq would fail it; ours would wait for ever for a worker that knows it."""
    async with client_of(redis_url) as client:
        unknown = await client.enqueue_job("somebody_elses")
        await client.enqueue_job("add", 1)
        assert unknown is not None
        worker = await burst(redis_url, [add])
        assert worker.jobs_complete == 1
        assert await unknown.status() in {JobStatus.queued, JobStatus.deferred}


async def test_a_cron_jobs_result_is_kept_for_a_minute(redis_url: str) -> None:
    """It keeps a worker whose clock is behind from running it again; arq keeps it as if it still ran."""

    async def job(_: Ctx) -> None:
        pass

    async with client_of(redis_url) as client:
        started = planned(job, name="job", month=1, day=1, hour=3, run_at_startup=True, keep_result=0)
        async with running(redis_url, [], cron_jobs=[started]) as worker:

            async def has_run() -> bool:
                return worker.jobs_complete == 1 and len(await client.keys("arq:result:job:*")) == 1

            await eventually(has_run, within_s=SOON_S)
        (key,) = await client.keys("arq:result:job:*")
        assert 55 <= await client.ttl(key) <= 60


async def test_what_nobody_reads_is_dropped(redis_url: str) -> None:
    """Where no history is written, the stream of events stays short."""
    async with client_of(redis_url) as client:
        for _ in range(30):
            pipe = client.pipeline(transaction=False)
            for _ in range(1_000):
                pipe.xadd("switchyard:events", {"events": "[]"})
            await pipe.execute()
        async with running(redis_url, [add]):

            async def is_short() -> bool:
                return bool(await client.xlen("switchyard:events") < 11_000)

            await eventually(is_short, within_s=SOON_S)
