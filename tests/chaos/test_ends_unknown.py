"""A worker tells an end of which Redis knows nothing: it had told it long before, or Redis has lost the job."""

import asyncio
import sys
from urllib.parse import urlsplit

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from jobs import keys
from jobs.context import JobContext
from jobs.model import State
from jobs.registry import Task
from jobs.serve import serve
from jobs.settings import load_settings
from jobs.stores.scripts import Script
from tests.chaos.wire import Cut, wire_to
from tests.support.bed import tally_of
from tests.support.conditions import eventually
from tests.support.processes import started
from tests.support.servers import Servers
from tests.support.site import end_of, running_web, running_worker, submit, tasks_of

pytestmark = pytest.mark.usefixtures("stores_stay")


@pytest.fixture(autouse=True)
def _long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever Redis has said of a run be as old as after a minute."""
    monkeypatch.setattr("jobs.stores.leases._FRESH_S", 0.0)
    monkeypatch.setattr("jobs.intake._AGAIN_S", 0.05)


async def test_an_end_whose_answer_was_lost_for_minutes_is_told_once(
    servers: Servers,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of a second run: what proves that it has ended is gone by the time at which the worker is heard of again."""
    monkeypatch.setattr("jobs.intake._HOPE_S", 0.3)
    runs: list[int] = []

    async def second(context: JobContext) -> int:
        """Fail in the first run."""
        runs.append(context.job.run)
        if context.job.run == 1:
            raise RuntimeError
        return 1

    def forget() -> None:
        with Redis.from_url(environ["REDIS_URL"]) as redis:
            redis.script_load(Script("claim").text)
            (mark,) = redis.scan_iter(keys.DONE + "*")
            redis.delete(mark)

    with Redis.from_url(environ["REDIS_URL"]) as redis:
        redis.script_load(Script("claim").text)  # so that a call is one message
    cut = Cut(words=(b"EVALSHA", Script("claim").digest.encode(), b"succeeded"), arrives=True, after=forget)
    task = Task(name="test.second", function=second, queue="data_sync", max_tries=1)
    async with wire_to(urlsplit(servers.redis.url).path, cut) as (url, wire), running_web(environ, task) as web:
        async with running_worker({**environ, "REDIS_URL": url}, task):
            job = await submit(web, task.name)
            assert (await end_of(web, job["id"]))["state"] == "failed"
            assert (await web.post(f"/api/jobs/{job['id']}/retry")).status_code == 202

            async def is_refused() -> bool:
                return "end_refused" in caplog.text

            await eventually(is_refused)
        ended = await end_of(web, job["id"])
    assert (wire.cuts, runs) == (1, [1, 2])
    assert (ended["state"], ended["result"]) == ("succeeded", 1)
    async with AsyncRedis.from_url(environ["REDIS_URL"]) as redis:
        tally = await tally_of(redis)
    assert (tally.ended[State.FAILED], tally.ended[State.SUCCEEDED]) == (1, 1)


async def test_an_end_of_a_job_that_redis_has_lost_counts_once_it_is_back(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """The worker holds it until a steward has brought it back: the job does not run again."""
    runs: list[int] = []
    begun, going_on = asyncio.Event(), asyncio.Event()

    async def work(context: JobContext) -> int:
        """Take until it may end."""
        runs.append(context.job.tries)
        begun.set()
        await going_on.wait()
        return 42

    task = Task(name="test.work", function=work, queue="data_sync")
    stopping = asyncio.Event()
    async with running_web(environ, task) as web, AsyncRedis.from_url(environ["REDIS_URL"]) as redis:
        worker = asyncio.create_task(
            serve(
                load_settings(environ),
                tasks_of(environ, task),
                {"data_sync": 1},
                with_steward=False,
                stopping=stopping,
            )
        )
        try:
            job = await submit(web, task.name)
            await begun.wait()
            await redis.flushall()
            going_on.set()

            async def is_unknown() -> bool:
                return "end_unknown" in caplog.text

            await eventually(is_unknown)
            async with started((sys.executable, "-m", "jobs", "steward"), environ):
                ended = await end_of(web, job["id"])
        finally:
            stopping.set()
            await worker
    assert (ended["state"], ended["result"], ended["tries"], runs) == ("succeeded", 42, 1, [1])
    assert "end_refused" not in caplog.text
