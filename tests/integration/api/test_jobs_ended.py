"""/api/jobs: cancelling, running once more, names that only one may have, and jobs that expire."""

import asyncio

import httpx
import pytest

from jobs.ids import new_job_id
from tests.chaos.outages import stopped
from tests.support.conditions import reaches
from tests.support.servers import Servers
from tests.support.site import end_of, running_worker, submit


async def _post(web: httpx.AsyncClient, job_id: str, what: str) -> httpx.Response:
    return await web.post(f"/api/jobs/{job_id}/{what}")


@pytest.mark.parametrize("delay_s", [None, 60])
async def test_a_waiting_job_is_cancelled_at_once(web: httpx.AsyncClient, delay_s: float | None) -> None:
    """Ready or scheduled; it stays so, and asking again is no mistake."""
    job = await submit(web, "diag.noop", delay_s=delay_s)
    for _ in range(2):
        answer = await _post(web, job["id"], "cancel")
        assert (answer.status_code, answer.json()["outcome"]) == (200, "never_started")
        assert (answer.json()["job"]["state"], answer.json()["job"]["started_at"]) == ("cancelled", None)
    assert (await web.get(f"/api/jobs/{job['id']}")).json()["state"] == "cancelled"


async def test_what_has_ended_has_finished_first(site: httpx.AsyncClient) -> None:
    """And keeps its end."""
    for task, state in (("diag.noop", "succeeded"), ("diag.fail", "failed")):
        job = await submit(site, task, max_tries=1)
        assert (await end_of(site, job["id"]))["state"] == state
        told = (await _post(site, job["id"], "cancel")).json()
        assert (told["outcome"], told["job"]["state"]) == ("finished_first", state)


async def test_what_waits_for_another_try_is_stopped(site: httpx.AsyncClient) -> None:
    """It has run before."""
    job = await submit(site, "diag.fail", max_tries=20)
    await reaches(site, job["id"], "retrying")
    told = (await _post(site, job["id"], "cancel")).json()
    assert (told["outcome"], told["job"]["state"]) == ("stopped", "cancelled")


async def test_a_wish_outlives_an_outage_of_redis(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers
) -> None:
    """The answer is that it is stopping; it never starts."""
    job = await submit(web, "diag.noop")
    async with stopped(servers.redis):
        told = (await _post(web, job["id"], "cancel")).json()
        assert told["outcome"] == "stopping"
    async with running_worker(environ):
        ended = await reaches(web, job["id"], "cancelled", within_s=20)
    assert ended["started_at"] is None


@pytest.mark.parametrize("what", ["cancel", "retry"])
async def test_there_is_no_such_job(web: httpx.AsyncClient, what: str) -> None:
    """404, as for one that is somebody else's."""
    answer = await _post(web, new_job_id(), what)
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


async def test_a_job_that_ended_badly_runs_once_more(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """Failed, cancelled or expired: the same id, its tries counted anew, its old error gone."""
    failed = await submit(web, "diag.fail", {"times": 1}, max_tries=1)
    cancelled = await submit(web, "diag.noop")
    expired = await submit(web, "diag.noop", expires_in_s=0.01)
    await _post(web, cancelled["id"], "cancel")
    await asyncio.sleep(0.02)
    async with running_worker(environ):
        assert (await end_of(web, failed["id"]))["state"] == "failed"
        assert (await end_of(web, expired["id"]))["state"] == "expired"
        for job, tries in ((failed, 1), (cancelled, 0), (expired, 0)):
            before = (await web.get(f"/api/jobs/{job['id']}")).json()
            assert before["tries"] == tries
            answer = await _post(web, job["id"], "retry")
            assert answer.status_code == 202, answer.text
            again = answer.json()
            assert (again["id"], again["run"], again["error"]) == (job["id"], 2, None)
        # diag.fail asks for its first try to fail, and that is the first of this run.
        assert (await end_of(web, failed["id"]))["error"]["type"] == "DiagnosticError"
        for job in (cancelled, expired):
            ended = await end_of(web, job["id"])
            assert (ended["state"], ended["run"], ended["tries"]) == ("succeeded", 2, 1)


async def test_what_the_history_has_not_heard_of_runs_once_more(
    web: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """Nobody writes it, so PostgreSQL takes the job for unfinished; the end that is written later is an older run's."""
    job = await submit(web, "diag.noop")
    assert (await _post(web, job["id"], "cancel")).json()["outcome"] == "never_started"
    answer = await _post(web, job["id"], "retry")
    assert (answer.status_code, answer.json()["run"]) == (202, 2), answer.text
    assert (await _post(web, job["id"], "retry")).status_code == 409
    async with running_worker(environ):
        ended = await end_of(web, job["id"])
        assert (ended["state"], ended["run"], ended["tries"]) == ("succeeded", 2, 1)


async def test_others_are_not_run_once_more(site: httpx.AsyncClient) -> None:
    """Neither what has succeeded nor what has not ended: 409, and nothing changes."""
    done = await submit(site, "diag.noop")
    await end_of(site, done["id"])
    waiting = await submit(site, "diag.noop", delay_s=60)
    running = await submit(site, "diag.sleep", {"seconds": 60})
    await reaches(site, running["id"], "running")
    for job in (done, waiting, running):
        before = (await site.get(f"/api/jobs/{job['id']}")).json()
        answer = await _post(site, job["id"], "retry")
        assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
        after = (await site.get(f"/api/jobs/{job['id']}")).json()
        assert (after["state"], after["run"]) == (before["state"], 1)
    await _post(site, running["id"], "cancel")


async def test_of_one_name_one_job_is_unfinished(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """20 at once: one is accepted, all others are answered with it; after its end the name is free."""
    body = {"task": "diag.sleep", "args": {"seconds": 60}, "unique_key": "monday"}
    answers = await asyncio.gather(*(web.post("/api/jobs", json=body) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [202]
    (job_id,) = {answer.json()["id"] for answer in answers}
    short = {**body, "args": {"seconds": 0}}
    other = await web.post("/api/jobs", json={**short, "unique_key": "tuesday"})
    assert other.status_code == 202
    async with running_worker(environ):
        await reaches(web, job_id, "running")
        assert (await web.post("/api/jobs", json=body)).json()["id"] == job_id
        await _post(web, job_id, "cancel")
        assert (await end_of(web, job_id))["state"] == "cancelled"
        assert (await web.post("/api/jobs", json=short)).status_code == 202


async def test_what_has_not_started_in_time_expires(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """Also in a queue that rests, and with its name free for another; what runs by then goes on."""
    await web.post("/api/queues/scheduled/pause")
    resting = await submit(web, "diag.noop", queue="scheduled", expires_in_s=0.5, unique_key="k")
    async with running_worker(environ):
        first = await submit(web, "diag.noop")
        assert (await end_of(web, first["id"]))["state"] == "succeeded"  # a worker's start may take a while
        running = await submit(web, "diag.sleep", {"seconds": 3.5}, expires_in_s=3.0)
        await reaches(web, running["id"], "running")
        ended = await end_of(web, resting["id"])
        assert (ended["state"], ended["started_at"]) == ("expired", None)
        again = await web.post("/api/jobs", json={"task": "diag.noop", "unique_key": "k"})
        assert again.status_code == 202
        assert (await end_of(web, running["id"]))["state"] == "succeeded"
