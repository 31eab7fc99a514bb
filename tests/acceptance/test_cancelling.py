"""Running jobs are cancelled on other processes: in time, with time to clean up, and all others go on."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.children import is_gone, pid_in
from tests.support.conditions import PATIENCE_S, reaches
from tests.support.processes import worker_process
from tests.support.pulse import beating
from tests.support.site import end_of, submit

_TOLD_WITHIN_S = 1.0
_CLEAN_UP_S = 10.0


@pytest.fixture(autouse=True)
def _tasks(environ: dict[str, str]) -> None:
    # Each renewal would tell of a cancel too, but only after five seconds: what is in time here was told at once.
    environ["JOBS_TASKS"] = "tests.support.blocking:TASKS,tests.support.tasks:TASKS"


async def _started(web: httpx.AsyncClient, task: str, args: Mapping[str, object]) -> Any:  # noqa: ANN401  JSON
    job = await submit(web, task, args)
    await reaches(web, job["id"], "running")
    return job


async def _cancelled(web: httpx.AsyncClient, job: Any, *, wait_s: float) -> tuple[Any, float]:  # noqa: ANN401  JSON
    """Cancel a job; give the answer, and how long it took."""
    began = time.monotonic()
    answer = await web.post(f"/api/jobs/{job['id']}/cancel", params={"wait_s": wait_s})
    assert answer.status_code == 200, answer.text
    return answer.json(), time.monotonic() - began


async def test_an_async_job_stops_within_a_second_wherever_it_runs(
    web: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """On two other processes; the one beside it goes on."""
    async with worker_process(environ, "data_sync:2"), worker_process(environ, "data_sync:2"):
        jobs = [await _started(web, "diag.sleep", {"seconds": 60}) for _ in range(3)]
        beside = await _started(web, "diag.sleep", {"seconds": 2.0})
        async with beating() as pulse:
            answers = await asyncio.gather(*(_cancelled(web, job, wait_s=5) for job in jobs))
        assert [(told["outcome"], told["job"]["state"]) for told, _ in answers] == [("stopped", "cancelled")] * 3
        assert max(took_s for _, took_s in answers) - pulse.latest_s < _TOLD_WITHIN_S
        assert (await end_of(web, beside["id"]))["state"] == "succeeded"


@pytest.mark.parametrize("task", ["test.burn", "test.defy"])
async def test_a_child_is_dead_within_a_second_wherever_it_runs(
    web: httpx.AsyncClient, environ: dict[str, str], tmp_path: Path, task: str
) -> None:
    """Also one that ignores SIGTERM; the next one has a child to run in."""
    mark = tmp_path / "pid"
    async with worker_process({**environ, "JOBS_PROCESSES": "1"}):
        job = await submit(web, task, {"seconds": 120.0, "mark": str(mark)})
        pid = await pid_in(mark)
        async with beating() as pulse:
            began = time.monotonic()
            told, _ = await _cancelled(web, job, wait_s=5)
            await is_gone(pid, within_s=PATIENCE_S)
            took_s = time.monotonic() - began
        assert took_s - pulse.latest_s < _TOLD_WITHIN_S
        assert told["outcome"] == "stopped"
        assert (await end_of(web, (await submit(web, "diag.cpu", {"seconds": 0.1}))["id"]))["state"] == "succeeded"


async def test_there_is_time_to_clean_up_and_an_end_of_it(
    web: httpx.AsyncClient, environ: dict[str, str], tmp_path: Path
) -> None:
    """Who cleans up within ten seconds has done so when the job ends; who takes longer is given up, and his slot free.

    Meanwhile the job is told to be stopping, its lease is renewed, and nobody else starts it.
    """
    mark = tmp_path / "clean"
    async with worker_process({**environ, "JOBS_LEASE_MS": "3000", "JOBS_RENEW_MS": "1000"}, "data_sync:3"):
        args: dict[str, object] = {"seconds": 60, "mark": str(mark)}
        tidy = await _started(web, "test.clean_up", {**args, "clean_up_s": 5.0})
        slow = await _started(web, "test.clean_up", {**args, "clean_up_s": 60.0})
        deaf = await _started(web, "test.ignore", {"seconds": 14.0})
        began = time.monotonic()
        answers = [(await _cancelled(web, job, wait_s=0.1))[0] for job in (tidy, slow, deaf)]
        assert {told["outcome"] for told in answers} == {"stopping"}
        waiting = await submit(web, "diag.noop")

        ended = await end_of(web, tidy["id"])
        assert mark.exists()
        assert (ended["state"], ended["tries"]) == ("cancelled", 1)
        assert 5.0 <= time.monotonic() - began < 7.0
        assert (await end_of(web, waiting["id"]))["state"] == "succeeded"

        for job in (slow, deaf):
            ended = await end_of(web, job["id"])
            assert (ended["state"], ended["tries"]) == ("cancelled", 1)
            assert _CLEAN_UP_S - 0.5 <= time.monotonic() - began < _CLEAN_UP_S + 3.0
        three = [await _started(web, "diag.sleep", {"seconds": 1.0}) for _ in range(3)]
        assert {(await end_of(web, job["id"]))["state"] for job in three} == {"succeeded"}
