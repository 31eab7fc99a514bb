"""Cancels race claims, ends, retries and lost leases."""

import httpx

from jobs.stores.database import Database
from jobs.stores.scripts import Script
from tests.chaos.late_answers import late_answers
from tests.chaos.workers import worker_of
from tests.support.bed import SHORT_LEASE, bed_of
from tests.support.conditions import reaches
from tests.support.endurance.cancels import LIMIT, PROCESSES, TASKS, cancel_amid_deaths
from tests.support.site import quotas, submit

_AT_ONCE_S = 5.0
_SELDOM = {"JOBS_LEASE_MS": "300000", "JOBS_RENEW_MS": "100000"}


async def test_every_answer_is_true_and_nothing_leaks(environ: dict[str, str], database: Database) -> None:
    """Each job ends once; slots, places, child processes and keys are free again."""
    settings = {**quotas(running=LIMIT), "JOBS_PROCESSES": str(PROCESSES), "JOBS_TASKS": TASKS}
    async with bed_of({**environ, **SHORT_LEASE, **settings}, database) as bed:
        figures = await cancel_amid_deaths(bed, jobs=1_000, deaths=3)
    assert int(figures["workers killed"]) >= 3


async def test_a_job_stops_at_once_whose_claim_the_worker_has_not_heard_of(
    web: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """Redis has given it out, and the word that it is to be cancelled comes first. Nobody else tells that so soon."""
    socket = environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
    async with (
        late_answers(socket, words=Script("claim").digest.encode()) as (url, late),
        worker_of({**environ, **_SELDOM, "REDIS_URL": url}, {"data_sync": 1}),
    ):
        job = await submit(web, "diag.sleep", {"seconds": 60}, delay_s=1)
        late.about = job["id"].encode()
        await late.held.wait()
        answer = await web.post(f"/api/jobs/{job['id']}/cancel")
        assert answer.json()["outcome"] == "stopping"
        await late.told.wait()
        late.go.set()
        await reaches(web, job["id"], "cancelled", within_s=_AT_ONCE_S)
