"""Several failed jobs of one unique key are retried by hand: one runs, the others keep the ends that they had."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from jobs.errors import StoreUnavailableError
from jobs.model import Job
from jobs.stores.database import Connection, Database, Row
from jobs.submit import Submitter
from tests.support.conditions import eventually
from tests.support.failing import fail
from tests.support.site import end_of, running_worker, submit


async def _fail(database: Database, amount: int) -> list[Row]:
    """Let so many jobs of the unique key `u` have failed; give them, the last one first."""
    await fail(database, "f", "admin", amount)
    await database.execute("UPDATE jobs SET unique_key = 'u'")
    return await database.fetch("SELECT * FROM jobs ORDER BY finished_at DESC")


async def test_two_at_the_same_moment(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find the name free: one is accepted, the other is refused, unchanged and not written down as a deed."""
    before = {row["id"]: row for row in await _fail(database, 2)}
    both, admit = asyncio.Barrier(2), Submitter._admit  # noqa: SLF001  the name has been looked for before that

    async def together(self: Submitter, job: Job, *, connection: Connection) -> None:
        await both.wait()
        await admit(self, job, connection=connection)

    monkeypatch.setattr(Submitter, "_admit", together)
    answers = dict(zip(before, await _retries(web, *before), strict=True))
    assert sorted(answer.status_code for answer in answers.values()) == [202, 409]
    (retried,) = (job_id for job_id, answer in answers.items() if answer.status_code == httpx.codes.ACCEPTED)
    (refused,) = before.keys() - {retried}
    assert f"job {retried} has the same unique key" in answers[refused].json()["detail"]
    assert (await database.fetch("SELECT * FROM jobs WHERE id = $1", refused)) == [before[refused]]
    assert [row["object_id"] for row in await database.fetch("SELECT object_id FROM audit")] == [retried]
    used = (await web.get("/api/quota")).json()["used"]
    assert used == 1


async def _retries(web: httpx.AsyncClient, *job_ids: str) -> list[httpx.Response]:
    return await asyncio.gather(*(web.post(f"/api/jobs/{job_id}/retry") for job_id in job_ids))


async def test_all_that_failed_of_a_cause(web: httpx.AsyncClient, database: Database) -> None:
    """The one that was last to fail is retried, the others are skipped and stay failures of this cause."""
    last, *others = await _fail(database, 5)
    answer = await web.post("/api/failures/f/retry")
    assert (answer.status_code, answer.json()["retried"], answer.json()["skipped"]) == (202, 1, 4)
    rows = await database.fetch("SELECT * FROM jobs WHERE state = 'failed' ORDER BY finished_at DESC")
    assert rows == others
    assert (await web.get(f"/api/jobs/{last['id']}")).json()["run"] == 2


async def test_a_retry_whose_commit_failed_runs_and_is_known(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis had it by then: the answer does not say that nothing was changed, and the history gets the new run."""
    line_up = Submitter._line_up_named  # noqa: SLF001

    async def then_lose_postgres(self: Submitter, jobs: Sequence[Job]) -> None:
        await line_up(self, jobs)
        raise StoreUnavailableError("PostgreSQL: the connection was lost")

    job = await submit(web, "diag.noop", delay_s=60, unique_key="u")
    await web.post(f"/api/jobs/{job['id']}/cancel")
    with monkeypatch.context() as patch:
        patch.setattr(Submitter, "_line_up_named", then_lose_postgres)
        answer = await web.post(f"/api/jobs/{job['id']}/retry")
    assert (answer.status_code, "may have been done" in answer.json()["detail"]) == (503, True)

    async def is_written() -> list[Row]:
        return await database.fetch("SELECT FROM jobs WHERE state = 'succeeded' AND run = 2 AND tries = 1")

    async with running_worker(environ):
        await eventually(is_written)
        assert (await end_of(web, job["id"]))["run"] == 2
