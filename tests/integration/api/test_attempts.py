"""/api/jobs/{id}: the tries of a job, with their times, workers, outcomes, errors and tracebacks."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.support.conditions import eventually, reaches
from tests.support.moments import moment
from tests.support.processes import worker_process
from tests.support.site import end_of, running_web, running_worker, submit

_FIELDS = {"run", "try", "worker", "started_at", "finished_at", "outcome", "error", "traceback"}
_TASKS = {"JOBS_TASKS": "tests.support.tasks:TASKS"}


async def _attempts(client: httpx.AsyncClient, job_id: str, *outcomes: str | None) -> Any:  # noqa: ANN401  JSON
    """Wait until the history has these tries, no others; give them."""
    shown: Any = None

    async def look() -> bool:
        nonlocal shown
        shown = (await client.get(f"/api/jobs/{job_id}")).json()["attempts"]
        return [one["outcome"] for one in shown] == list(outcomes)

    try:
        await eventually(look)
    except AssertionError:
        raise AssertionError(f"not {outcomes}: {shown}") from None
    return shown


async def test_a_job_that_has_not_begun_has_none(web: httpx.AsyncClient) -> None:
    """An empty list, which is part of a job that is asked for by its id."""
    job = await submit(web, "diag.noop")
    assert (await web.get(f"/api/jobs/{job['id']}")).json()["attempts"] == []


async def test_each_try_is_shown(site: httpx.AsyncClient) -> None:
    """In their order, each with its own error; the integer `tries` stays what it was."""
    job = await submit(site, "diag.fail", {"times": 2})
    assert (await end_of(site, job["id"]))["tries"] == 3
    first, second, last = await _attempts(site, job["id"], "retrying", "retrying", "succeeded")
    assert [one["try"] for one in (first, second, last)] == [1, 2, 3]
    assert first.keys() == _FIELDS
    assert {one["run"] for one in (first, second, last)} == {1}
    assert len({one["worker"] for one in (first, second, last)}) == 1
    times = [moment(one[name]) for one in (first, second, last) for name in ("started_at", "finished_at")]
    assert times == sorted(times)
    assert (second["error"]["type"], second["error"]["message"]) == ("DiagnosticError", "asked to fail")
    assert len(second["error"]["fingerprint"]) == 16
    assert (last["error"], last["traceback"]) == (None, None)


async def test_a_traceback_names_no_path_of_the_server(environ: dict[str, str]) -> None:
    """Neither of a task in the worker nor of one in a child process; both say where it was raised."""
    more = {**environ, **_TASKS}
    async with running_web(more) as client, running_worker(more):
        inside = await submit(client, "diag.fail", max_tries=1)
        child = await submit(client, "test.stumble")
        for job, file, error in (
            (inside, "jobs/tasks/diagnostics.py", "asked to fail"),
            (child, "tests/support/tasks.py", "over its own feet"),
        ):
            assert (await end_of(client, job["id"]))["state"] == "failed"
            (only,) = await _attempts(client, job["id"], "failed")
            traceback = (await eventually(partial(_written, client, job["id"])))["traceback"]
            assert f'File "{file}", line' in traceback
            assert f"DiagnosticError: {error}" in traceback
            assert 'File "/' not in traceback
            assert only["error"]["message"] == error


async def _written(client: httpx.AsyncClient, job_id: str) -> Any:  # noqa: ANN401  JSON
    (only,) = (await client.get(f"/api/jobs/{job_id}")).json()["attempts"]
    return only if only["traceback"] else None


async def test_what_runs_has_begun_and_not_ended(site: httpx.AsyncClient) -> None:
    """And is cancelled with its job."""
    job = await submit(site, "diag.sleep", {"seconds": 60})
    await reaches(site, job["id"], "running")
    (only,) = await _attempts(site, job["id"], None)
    assert only["started_at"] is not None
    assert (only["finished_at"], only["try"]) == (None, 1)
    assert only["worker"]
    await site.post(f"/api/jobs/{job['id']}/cancel")
    (only,) = await _attempts(site, job["id"], "cancelled")
    assert moment(only["finished_at"]) > moment(only["started_at"])


async def test_a_retry_by_hand_is_another_run(site: httpx.AsyncClient) -> None:
    """The tries of the run before stay."""
    job = await submit(site, "diag.fail", max_tries=1)
    await end_of(site, job["id"])
    await _attempts(site, job["id"], "failed")
    assert (await site.post(f"/api/jobs/{job['id']}/retry")).status_code == 202
    await end_of(site, job["id"])
    shown = await _attempts(site, job["id"], "failed", "failed")
    assert [one["run"] for one in shown] == [1, 2]


async def test_what_is_handed_back_and_what_is_lost_are_tries(environ: dict[str, str], tmp_path: Path) -> None:
    """One worker is stopped and another killed; a third brings the job to its end."""
    more, file = {**environ, **_TASKS}, tmp_path / "end"
    short = {**more, "JOBS_LEASE_MS": "1000", "JOBS_RENEW_MS": "300", "JOBS_DRAIN_S": "0"}
    async with running_web(more) as web:
        job = await submit(web, "test.await_file", {"path": str(file)})
        for number in (signal.SIGTERM, signal.SIGKILL):
            async with worker_process(short) as worker:
                await reaches(web, job["id"], "running")
                worker.send(number)
                await worker.ends(within_s=10)
        async with running_worker(more):
            await _attempts(web, job["id"], "handed_back", "lost", None)
            file.touch()
            assert (await end_of(web, job["id"]))["state"] == "succeeded"
            back, lost, last = await _attempts(web, job["id"], "handed_back", "lost", "succeeded")
    assert len({one["worker"] for one in (back, lost, last)}) == 3
    assert [one["try"] for one in (back, lost, last)] == [1, 1, 1]
    assert moment(lost["started_at"]) < moment(lost["finished_at"]) <= moment(last["started_at"])
