"""What arq's documentation says of workers: hooks, retries, burst, cron jobs, health, signals and settings."""

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from arq.connections import RedisSettings
from arq.jobs import JobStatus
from arq.worker import JobExecutionFailed, Retry, RetryJob

from jobs.worker import Worker, create_worker
from tests.support.arq_functions import add, insist, wait
from tests.support.arq_site import (
    POLL_S,
    SHORT,
    SOON_S,
    Ctx,
    burst,
    client_of,
    field,
    named,
    running,
    settings_of,
    until_running,
)
from tests.support.conditions import eventually


async def test_hooks_are_called_in_turn(redis_url: str) -> None:
    """Around the worker's life, and around each job; the last when the result is there."""
    heard: list[str] = []

    def hook(name: str) -> Callable[[Ctx], Any]:
        async def call(ctx: Ctx) -> None:
            kept = "job_id" in ctx and await ctx["redis"].exists(f"arq:result:{ctx['job_id']}")
            heard.append(f"{name} {ctx.get('job_id', '-')} {bool(kept)}")

        return call

    names = ("on_startup", "on_shutdown", "on_job_start", "on_job_end", "after_job_end")
    async with client_of(redis_url) as client:
        await client.enqueue_job("add", 1, _job_id="j")
        await burst(redis_url, [add], **{name: hook(name) for name in names})
    assert heard == [
        *("on_startup - False", "on_job_start j False", "on_job_end j False"),
        *("after_job_end j True", "on_shutdown - False"),
    ]


async def test_hooks_share_what_the_startup_has_made(redis_url: str) -> None:
    """The context's own part is one for all jobs, what the worker adds is each job's."""

    async def start(ctx: Ctx) -> None:
        ctx["opened"] = []

    async def note(ctx: Ctx) -> None:
        ctx["opened"].append(ctx["job_id"])

    async with client_of(redis_url) as client:
        for name in ("a", "b"):
            await client.enqueue_job("note", _job_id=name)
        worker = await burst(redis_url, [named(note, name="note")], on_startup=start)
    assert sorted(worker.ctx["opened"]) == ["a", "b"]
    assert "job_id" not in worker.ctx


async def test_hooks_are_called_around_a_job_that_fails_or_is_tried_again(redis_url: str) -> None:
    """As often as it was started."""
    heard: list[tuple[str, int]] = []

    async def started(ctx: Ctx) -> None:
        heard.append(("start", ctx["job_try"]))

    async def ended(ctx: Ctx) -> None:
        heard.append(("end", ctx["job_try"]))

    async with client_of(redis_url) as client:
        await client.enqueue_job("insist", 2)
        await burst(redis_url, [insist], on_job_start=started, on_job_end=ended)
    assert heard == [("start", 1), ("end", 1), ("start", 2), ("end", 2)]


@pytest.mark.parametrize("defer", [None, 0.3])
async def test_a_job_asks_for_another_try(redis_url: str, defer: float | None) -> None:
    """At once, or after a while."""
    async with client_of(redis_url) as client, running(redis_url, [insist]) as worker:
        job = await client.enqueue_job("insist", 3, defer)
        assert job is not None
        began = asyncio.get_running_loop().time()
        assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 3
        assert asyncio.get_running_loop().time() - began >= 2 * (defer or 0)
    assert (worker.jobs_retried, worker.jobs_complete) == (2, 1)


@pytest.mark.parametrize("error", [Retry(), RetryJob()])
async def test_tries_come_to_an_end(redis_url: str, error: Exception) -> None:
    """The function's own number of them, or the worker's."""

    async def again(_: Ctx) -> None:
        raise error

    functions = [named(again, name="own", max_tries=2), named(again, name="again")]
    async with client_of(redis_url) as client, running(redis_url, functions, max_tries=3):
        for name, tries in (("own", 2), ("again", 3)):
            job = await client.enqueue_job(name)
            assert job is not None
            with pytest.raises(JobExecutionFailed, match=f"max {tries} retries exceeded"):
                await job.result(timeout=SOON_S, poll_delay=POLL_S)
            told = await job.result_info()
            assert told is not None
            assert told.job_try == tries


async def test_tries_may_have_been_counted_before(redis_url: str) -> None:
    """A client says with `_job_try` which one is the first."""
    async with client_of(redis_url) as client, running(redis_url, [insist]):
        job = await client.enqueue_job("insist", 4, _job_try=3)
        assert job is not None
        assert await job.result(timeout=SOON_S, poll_delay=POLL_S) == 4


async def test_nothing_is_tried_again_where_that_is_not_wanted(redis_url: str) -> None:
    """With retry_jobs=False a Retry is an error as any other, and what a stop interrupts is cancelled for good."""
    async with client_of(redis_url) as client:
        async with running(redis_url, [insist, wait], retry_jobs=False):
            job = await client.enqueue_job("insist", 2)
            assert job is not None
            with pytest.raises(JobExecutionFailed, match="Retry"):
                await job.result(timeout=SOON_S, poll_delay=POLL_S)
            cut = await client.enqueue_job("wait")
            assert cut is not None
            await until_running(cut)
        with pytest.raises(asyncio.CancelledError):
            await cut.result(timeout=SOON_S, poll_delay=POLL_S)


async def test_health_is_told_as_arq_reads_it(redis_url: str) -> None:
    """While the worker lives, and no longer."""
    async with client_of(redis_url) as client:
        async with running(redis_url, [add], health_check_interval=1):

            async def is_told() -> bytes | None:
                text: bytes | None = await client.get("arq:queue:health-check")
                return text if await arq_check(redis_url) == 0 else None

            told = (await eventually(is_told)).decode()
            assert all(
                word in told for word in ("j_complete=0", "j_failed=0", "j_retried=0", "j_ongoing=0", "queued=0")
            )
        assert await arq_check(redis_url) == 1


async def arq_check(url: str) -> int:
    """Run arq's own check in a process of its own; give its exit status."""
    path = settings_of(url).unix_socket_path
    text = "from arq import worker, connections; raise SystemExit(worker.check_health({'redis_settings': "
    text += f"connections.RedisSettings(unix_socket_path={path!r})}}))"
    return await (await asyncio.create_subprocess_exec(sys.executable, "-c", text)).wait()


SCRIPT = """
import asyncio
from arq.connections import RedisSettings
from jobs.worker import run_worker

async def wait(ctx, seconds):
    print("begun", ctx["job_try"], flush=True)
    await asyncio.sleep(seconds)
    print("done", flush=True)

async def on_shutdown(ctx):
    print("shut down", flush=True)

class WorkerSettings:
    functions = [wait]
    redis_settings = RedisSettings(unix_socket_path={path!r})
    on_shutdown = on_shutdown
    job_completion_wait = {wait_s}

run_worker(WorkerSettings)
"""


@pytest.mark.parametrize(
    ("number", "wait_s", "seconds", "done"),
    [(signal.SIGTERM, 0, 60, False), (signal.SIGINT, 5, 1, True), (signal.SIGTERM, 1, 60, False)],
)
async def test_signals_stop_it(
    redis_url: str, number: signal.Signals, wait_s: int, seconds: int, *, done: bool
) -> None:
    """After `job_completion_wait` seconds at most; what has not ended by then runs again, and no try was used."""
    path = settings_of(redis_url).unix_socket_path
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT.format(path=path, wait_s=wait_s), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with client_of(redis_url) as client, asyncio.timeout(30):
            job = await client.enqueue_job("wait", seconds)
            assert job is not None
            while await process.stdout.readline() != b"begun 1\n":  # the log
                pass
            process.send_signal(number)
            told = (await process.stdout.read()).decode().splitlines()
            assert await process.wait() == 0
            assert [line for line in told if line in {"begun", "done", "shut down"}] == ["done"] * done + ["shut down"]
            assert await job.status() is (JobStatus.complete if done else JobStatus.queued)
            if not done:
                assert await field(client, job.job_id, "try") == "0"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_settings_are_read_off_a_class_or_a_mapping() -> None:
    """As arq's command does."""

    class Settings:
        functions = (add,)
        max_jobs = 7
        queue_name = "other"
        redis_settings = RedisSettings(port=1)
        handle_signals = False

    worker = create_worker(Settings, burst=True)
    assert (worker.max_jobs, worker.queue_name, worker.burst, list(worker.functions)) == (7, "other", True, ["add"])
    assert create_worker({"functions": [add], "handle_signals": False}).max_jobs == 10


async def test_functions_can_be_named_by_their_place() -> None:
    """Their name is the path then; another may be given."""
    names = Worker([named("asyncio.sleep"), named(add, name="sum")], handle_signals=False).functions
    assert list(names) == ["asyncio.sleep", "sum"]


async def test_a_worker_without_functions_is_refused() -> None:
    """So are a function that is none, and cron jobs that are none."""
    with pytest.raises(RuntimeError, match="at least one function"):
        Worker(handle_signals=False)
    with pytest.raises(RuntimeError, match="not a coroutine"):
        Worker([len], handle_signals=False)  # type: ignore[list-item]
    with pytest.raises(RuntimeError, match="cron_jobs"):
        Worker(cron_jobs=[add], handle_signals=False)


async def test_a_client_of_ones_own_can_be_given(redis_url: str) -> None:
    """Its queue is the worker's, where none is named; it is what the jobs see."""
    async with client_of(redis_url, queue="given") as client:
        await client.enqueue_job("add", 1, _job_id="j")
        worker = Worker(
            [named(add, name="add")], redis_pool=client, queue_name=None, burst=True, handle_signals=False, timing=SHORT
        )
        await worker.async_run()
        assert (worker.jobs_complete, worker.queue_name, worker.ctx["redis"]) == (1, "given", client)
        await worker.close()
