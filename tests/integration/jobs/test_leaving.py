"""Tasks that are left by what is no error, or are none: the try has an error, no worker ends, no job stays open."""

import httpx
import pytest
from redis.asyncio import Redis

from jobs import codec, keys
from tests.support.conditions import eventually, reaches
from tests.support.leaving import TOLD
from tests.support.processes import worker_process
from tests.support.site import end_of, running_web, running_worker, submit

_WAYS = [(f"leave.{where}", way) for where in ("loop", "process", "thread") for way in TOLD]
_YEAR_MS = 367 * 86_400_000


@pytest.fixture(autouse=True)
def _tasks(environ: dict[str, str]) -> None:
    environ["JOBS_TASKS"] = "tests.support.leaving:TASKS,tests.support.blocking:TASKS"


async def test_each_fails_its_try_and_is_tried_again(environ: dict[str, str]) -> None:
    """Wherever it runs; the same worker goes on with the others."""
    async with running_web(environ) as web, running_worker(environ):
        jobs = {(task, way): await submit(web, task, {"way": way}) for task, way in _WAYS}
        ends = {left: await _end_of(web, job["id"]) for left, job in jobs.items()}
        assert ends == {(task, way): ("failed", 2, TOLD[way]) for task, way in _WAYS}
        await _goes_on(web)


async def test_an_exit_in_a_task_of_its_own_ends_no_worker(environ: dict[str, str]) -> None:
    """It leaves the event loop itself, with all that the worker runs beside it."""
    async with running_web(environ) as web, worker_process(environ) as worker:
        beside = await reaches(web, (await submit(web, "diag.sleep", {"seconds": 2}))["id"], "running")
        job = await submit(web, "leave.child")
        assert await _end_of(web, job["id"]) == ("failed", 1, TOLD["exit"])
        assert "leave_a_child" in (await worker.says(r'"event":"loop_left".*'))[0]
        ended = await end_of(web, beside["id"])
        assert (ended["state"], ended["tries"], worker.runs) == ("succeeded", 1, True)


async def test_one_that_cancels_itself_has_failed(environ: dict[str, str]) -> None:
    """It was nobody's wish."""
    async with running_web(environ) as web, running_worker(environ):
        job = await submit(web, "leave.itself")
        assert await _end_of(web, job["id"]) == ("failed", 1, "UnexpectedExitError: CancelledError()")


async def test_progress_without_a_form_costs_no_result(environ: dict[str, str]) -> None:
    """It is not shown, that is all."""
    async with running_web(environ) as web, running_worker(environ):
        job = await submit(web, "leave.report")
        ended = await end_of(web, job["id"])
        assert (ended["state"], ended["result"], ended["tries"]) == ("succeeded", "done", 1)


async def test_a_result_that_is_too_large_is_an_error(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No other try would make it smaller."""
    monkeypatch.setattr(codec, "LARGEST_RESULT", 1_000)
    async with running_web(environ) as web, running_worker(environ):
        job = await submit(web, "test.say", {"what": "x" * 1_000})
        told = "JobFailedError: its result is 1,002 bytes; 1,000 may be kept: store it elsewhere"
        assert await _end_of(web, job["id"]) == ("failed", 1, told)


async def test_another_try_is_within_a_year(environ: dict[str, str], redis_url: str) -> None:
    """Beyond that an entry of the queue would mean something else."""
    async with Redis.from_url(redis_url) as redis, running_web(environ) as web, running_worker(environ):
        job = await submit(web, "leave.wish")

        async def is_to_be_tried_again() -> bool:
            return bool((await web.get(f"/api/jobs/{job['id']}")).json()["state"] == "retrying")

        await eventually(is_to_be_tried_again)
        score = await redis.zscore(keys.queue("data_sync"), job["id"])
        seconds, _ = await redis.time()
        assert score is not None
        assert seconds * 1_000 < score < seconds * 1_000 + _YEAR_MS


@pytest.mark.parametrize(
    "call",
    [
        {"t": None, "f": [], "a": [], "k": {}, "et": 1},
        {"t": None, "f": "diag.noop", "a": 5, "k": {}, "et": 1},
        {"t": None, "f": "diag.noop", "a": [], "k": [], "et": 1},
        {"t": 1e300, "f": "diag.noop", "a": [], "k": {}, "et": 1},
        {"t": None, "f": "diag.noop", "a": ["deep"], "k": {}, "et": 1},
    ],
    ids=["no function", "no arguments", "no arguments by name", "no tries", "deep arguments"],
)
async def test_what_a_stock_client_got_wrong_ends_no_worker(
    environ: dict[str, str], redis_url: str, call: dict[str, object]
) -> None:
    """Its job has ended; the next one runs."""
    encoded = codec.dumps(call).replace(b'"deep"', b"[" * 300 + b"]" * 300)
    async with Redis.from_url(redis_url) as redis, running_web(environ) as web, running_worker(environ):
        await redis.set(keys.PAYLOAD + "odd", encoded)
        await redis.zadd(keys.queue("data_sync"), {"odd": 1_700_000_000_000})

        async def has_ended() -> bool:
            return bool(await redis.exists(keys.RESULT + "odd"))

        await eventually(has_ended)
        await _goes_on(web)


async def test_whoever_waits_for_a_child_has_all_his_time(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process is there for all: the last waits for longer than it may run."""
    monkeypatch.setattr("jobs.held.CLEAN_UP_S", 0.5)
    environ["JOBS_PROCESSES"] = "1"
    async with running_web(environ) as web, running_worker(environ):
        jobs = [await submit(web, "test.ignore_alone", {"seconds": 2.0}, timeout_s=60) for _ in range(2)]
        jobs += [await submit(web, "test.ignore_alone", {"seconds": 0.0}, timeout_s=3) for _ in range(2)]
        assert [(await end_of(web, job["id"]))["state"] for job in jobs] == ["succeeded"] * 4


async def _goes_on(web: httpx.AsyncClient) -> None:
    job = await submit(web, "diag.noop")
    assert (await end_of(web, job["id"]))["state"] == "succeeded"


async def _end_of(web: httpx.AsyncClient, job_id: str) -> tuple[str, int, str]:
    job = await end_of(web, job_id)
    return job["state"], job["tries"], f"{job['error']['type']}: {job['error']['message']}"
