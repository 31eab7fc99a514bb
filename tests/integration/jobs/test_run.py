"""Jobs through the whole engine: accepted over HTTP, carried by Redis, run by a worker, ended in PostgreSQL."""

import asyncio

import httpx
import pytest

from jobs.context import JobContext
from jobs.progress import ProgressReporter
from jobs.registry import Task
from jobs.stores.jobs import JobStore
from tests.support.moments import moment
from tests.support.site import end_of, running_web, running_worker, submit


async def test_a_job_runs_and_its_result_is_shown(site: httpx.AsyncClient) -> None:
    """What the function gives back is the job's result."""
    job = await submit(site, "diag.sleep", {"seconds": 0.05})
    assert job["state"] in {"queued", "running", "succeeded"}
    ended = await end_of(site, job["id"])
    assert (ended["state"], ended["result"], ended["tries"]) == ("succeeded", 0.05, 1)
    assert ended["owner"] == "admin"
    assert moment(ended["accepted_at"]) <= moment(ended["started_at"]) <= moment(ended["finished_at"])


async def test_a_job_that_fails_is_tried_again_until_it_succeeds(site: httpx.AsyncClient) -> None:
    """Each failed try counts, and the last one decides."""
    job = await submit(site, "diag.fail", {"times": 2})
    ended = await end_of(site, job["id"])
    assert (ended["state"], ended["tries"], ended["error"]) == ("succeeded", 3, None)


async def test_a_job_without_tries_left_has_failed(site: httpx.AsyncClient) -> None:
    """The error of the last try stays with the job."""
    job = await submit(site, "diag.fail", {"message": "as asked"}, max_tries=2)
    ended = await end_of(site, job["id"])
    assert (ended["state"], ended["tries"]) == ("failed", 2)
    assert (ended["error"]["type"], ended["error"]["message"]) == ("DiagnosticError", "as asked")
    assert len(ended["error"]["fingerprint"]) == 16


async def test_what_is_nested_too_deep_is_an_error_and_not_a_list_that_cannot_be_shown(environ: dict[str, str]) -> None:
    """As deep as may be is shown, among others too."""
    environ["JOBS_TASKS"] = "tests.support.tasks:TASKS"
    async with running_web(environ) as web, running_worker(environ):
        well, ill = [await submit(web, "test.nest", {"levels": levels}) for levels in (200, 201)]
        assert (await end_of(web, well["id"]))["state"] == "succeeded"
        error = (await end_of(web, ill["id"]))["error"]
        assert (error["type"], error["message"]) == ("TypeError", "is nested deeper than 200 levels")
        listed = await web.get("/api/jobs")
        assert [job["state"] for job in listed.json()["items"]] == ["failed", "succeeded"]


async def test_a_plain_function_runs_in_a_child_process(site: httpx.AsyncClient) -> None:
    """While it burns a core, the event loop of the worker goes on with other jobs."""
    busy = await submit(site, "diag.cpu", {"seconds": 1.0})
    quick = await submit(site, "diag.noop")
    assert (await end_of(site, quick["id"]))["state"] == "succeeded"
    ended = await end_of(site, busy["id"])
    assert ended["state"] == "succeeded"
    assert ended["result"] > 0


@pytest.mark.parametrize("task", ["diag.sleep", "diag.cpu"])
async def test_a_job_is_stopped_at_its_timeout(site: httpx.AsyncClient, task: str) -> None:
    """A timeout is no reason for another try unless the task says so."""
    job = await submit(site, task, {"seconds": 60}, timeout_s=1)
    ended = await end_of(site, job["id"])
    assert (ended["state"], ended["tries"], ended["error"]["type"]) == ("failed", 1, "JobTimeoutError")


async def test_progress_is_live(site: httpx.AsyncClient) -> None:
    """The job shows how far it is while it runs, and the last word stays."""
    job = await submit(site, "diag.progress", {"steps": 4, "seconds": 1.2})
    seen = set()
    async with asyncio.timeout(20):
        while (shown := (await site.get(f"/api/jobs/{job['id']}")).json())["state"] != "succeeded":
            if shown["progress"]:
                seen.add(shown["progress"]["done"])
    assert seen - {0, 4}
    assert shown["progress"] == {"done": 4, "total": 4, "message": "done"}


async def test_a_stop_takes_no_result_away(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The task has ended: a worker that still waits for a store to take its progress ends it, and it runs no more."""
    environ["JOBS_DRAIN_S"] = "0"
    closing, runs = asyncio.Event(), []
    close = ProgressReporter.close

    async def close_and_tell(self: ProgressReporter) -> None:
        closing.set()
        await close(self)

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    async def work(context: JobContext) -> int:
        """Say how far it is."""
        runs.append(context.job.tries)
        context.progress(1)
        return 42

    task = Task(name="test.work", function=work, queue="data_sync")
    async with running_web(environ, task) as web:
        with monkeypatch.context() as patch:
            patch.setattr("jobs.progress._LAST_S", 60.0)
            patch.setattr(JobStore, "note_progress", hang)
            patch.setattr(ProgressReporter, "close", close_and_tell)
            async with running_worker(environ, task):
                job = await submit(web, task.name)
                await closing.wait()
        async with running_worker(environ, task):
            ended = await end_of(web, job["id"])
    assert (ended["state"], ended["result"], runs) == ("succeeded", 42, [1])


async def test_a_job_is_not_started_before_it_is_due(site: httpx.AsyncClient) -> None:
    """A delayed job is scheduled, and starts no sooner than it should."""
    job = await submit(site, "diag.noop", delay_s=1)
    assert job["state"] == "scheduled"
    ended = await end_of(site, job["id"])
    assert ended["state"] == "succeeded"
    assert moment(ended["started_at"]) >= moment(ended["run_at"])


async def test_waiting_ends_at_the_given_time(web: httpx.AsyncClient) -> None:
    """Without a worker the job is still queued when the wait is over."""
    job = await submit(web, "diag.noop")
    shown = (await web.get(f"/api/jobs/{job['id']}", params={"wait_s": 0.2})).json()
    assert shown["state"] == "queued"
