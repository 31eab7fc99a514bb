"""Blocking code beside others: the event loop does not wait for it, and it ends when it has to."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from tests.support.blocking import TASKS
from tests.support.children import is_gone, pid_in
from tests.support.conditions import PATIENCE_S, eventually
from tests.support.pulse import beating
from tests.support.site import end_of, running_web, running_worker, submit

_LATE_S = 0.25  # of a loop that runs beside two busy cores


@pytest.fixture(autouse=True)
def _tasks(environ: dict[str, str]) -> None:
    environ["JOBS_TASKS"] = "tests.support.blocking:TASKS"
    assert TASKS


async def test_burning_cores_keep_nobody_waiting(environ: dict[str, str], redis_url: str) -> None:
    """Two functions burn for five seconds: the loop's lag stays low, others run, and the worker says that it lives."""
    redis = Redis.from_url(redis_url)
    async with running_web(environ) as web, running_worker(environ):
        burning = [await submit(web, "test.burn", {"seconds": 5.0}) for _ in range(2)]
        loop = asyncio.get_running_loop()
        lags: list[float] = []
        for job in burning:
            await eventually(lambda job=job: _is_running(web, job["id"]), within_s=10)  # type: ignore[misc]
        ended = 0
        while len(lags) < 200:
            before = loop.time()
            await asyncio.sleep(0.01)
            lags.append(loop.time() - before - 0.01)
            if len(lags) % 50 == 0:
                quick = await submit(web, "diag.noop")
                ended += (await end_of(web, quick["id"]))["state"] == "succeeded"
                assert await redis.exists(f"{keys.queue('data_sync')}:health-check")
        assert ended == 4
        assert sorted(lags)[int(0.95 * len(lags))] < _LATE_S
        for job in burning:
            assert (await end_of(web, job["id"]))["state"] == "succeeded"
    await redis.aclose()


async def _is_running(web: httpx.AsyncClient, job_id: str) -> bool:
    return bool((await web.get(f"/api/jobs/{job_id}")).json()["state"] == "running")


@pytest.mark.parametrize("task", ["test.burn", "test.defy"])
async def test_a_cancelled_child_is_dead_within_a_second(environ: dict[str, str], tmp_path: Path, task: str) -> None:
    """And its job is stopped."""
    mark = tmp_path / "pid"
    async with running_web(environ) as web, running_worker(environ):
        job = await submit(web, task, {"seconds": 120.0, "mark": str(mark)})
        pid = await pid_in(mark)
        async with beating() as pulse:
            answer = (await web.post(f"/api/jobs/{job['id']}/cancel")).json()
            began = time.monotonic()
            await is_gone(pid, within_s=PATIENCE_S)
            took_s = time.monotonic() - began
        assert took_s - pulse.latest_s < 1.0
        assert answer["outcome"] == "stopped"
        assert answer["job"]["state"] == "cancelled"


async def test_a_timeout_kills_and_a_death_from_outside_costs_one_try(environ: dict[str, str], tmp_path: Path) -> None:
    """The job fails, or is tried again; the one beside it is not concerned."""
    first, second = tmp_path / "first", tmp_path / "second"
    async with running_web(environ) as web, running_worker(environ):
        late = await submit(web, "test.burn", {"seconds": 120.0}, timeout_s=0.5, max_tries=1)
        assert (await end_of(web, late["id"]))["error"]["type"] == "JobTimeoutError"
        struck = await submit(web, "test.burn", {"seconds": 10.0, "mark": str(first)})
        beside = await submit(web, "test.burn", {"seconds": 10.0, "mark": str(second)})
        os.kill(await pid_in(first), signal.SIGKILL)
        assert (await end_of(web, beside["id"]))["tries"] == 1
        struck = await end_of(web, struck["id"])
        assert (struck["state"], struck["tries"]) == ("succeeded", 2)
        dying = await end_of(web, (await submit(web, "test.die", {"number": int(signal.SIGSEGV)}))["id"])
        assert (dying["state"], dying["tries"], dying["error"]["type"]) == ("failed", 2, "ChildError")


async def test_a_thread_that_heeds_a_cancel_is_stopped(environ: dict[str, str]) -> None:
    """It has returned a value: that is what counts; one that goes on is `stopping`."""
    async with running_web(environ) as web, running_worker(environ):
        heeding = await submit(web, "test.heed", {"seconds": 60.0})
        going_on = await submit(web, "test.ignore", {"seconds": 4.0})
        for job in (heeding, going_on):
            await eventually(lambda job=job: _is_running(web, job["id"]), within_s=10)  # type: ignore[misc]
        answer = (await web.post(f"/api/jobs/{heeding['id']}/cancel")).json()
        assert (answer["outcome"], answer["job"]["result"]) == ("finished_first", "stopped")
        answer = (await web.post(f"/api/jobs/{going_on['id']}/cancel", params={"wait_s": 0.2})).json()
        assert answer["outcome"] == "stopping"
        assert (await end_of(web, going_on["id"]))["state"] == "succeeded"
