"""/api/schedules: what runs by itself, and a run out of turn."""

import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.auth import Authenticator
from app.identity import Identity, Role
from jobs.stores.database import Database
from tests.support.conditions import eventually, reaches
from tests.support.metrics import scrape, value_of
from tests.support.moments import moment
from tests.support.site import SLOTS, end_of, running_web, running_worker, submit

_DECLARED = {"JOBS_SCHEDULES": "tests.support.schedules:SCHEDULES"}


@pytest.fixture
def planned(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site that has schedules."""
    return {**environ, **_DECLARED}


@pytest.fixture
async def client(planned: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application without a worker; give a client of the admin's."""
    async with running_web(planned) as client:
        yield client


async def _shown(client: httpx.AsyncClient, name: str) -> Any:  # noqa: ANN401  JSON
    answer = await client.get("/api/schedules")
    assert answer.status_code == 200, answer.text
    (found,) = (schedule for schedule in answer.json()["items"] if schedule["name"] == name)
    return found


async def test_a_schedule_is_shown_before_any_steward_has_seen_it(client: httpx.AsyncClient) -> None:
    """It is due at no time yet."""
    answer = await client.get("/api/schedules")
    assert [schedule["name"] for schedule in answer.json()["items"]] == ["often", "nap"]
    assert await _shown(client, "nap") == {
        "name": "nap",
        "task": "diag.sleep",
        "cron": "30 3 29 2 *",
        "every_s": None,
        "timezone": "Europe/Berlin",
        "make_up": "none",
        "overlap": "skip",
        "next_due_at": None,
        "last_due_at": None,
        "last_job": None,
        "fired": 0,
        "missed": 0,
        "overlapped": 0,
    }


async def test_a_site_without_schedules_shows_none(web: httpx.AsyncClient) -> None:
    """An empty list."""
    assert (await web.get("/api/schedules")).json() == {"items": [], "next_cursor": None}


async def test_what_a_steward_fires_is_shown_and_counted(client: httpx.AsyncClient, planned: dict[str, str]) -> None:
    """With its latest job and what became of it."""
    async with running_worker(planned):

        async def has_run_twice() -> Any:  # noqa: ANN401  JSON
            shown = await _shown(client, "often")
            return shown if shown["fired"] >= 2 and shown["last_job"]["state"] == "succeeded" else None

        shown = await eventually(has_run_twice)
        assert moment(shown["last_due_at"]) < moment(shown["next_due_at"])
        job = await end_of(client, shown["last_job"]["id"])
    assert (job["owner"], job["task"], job["tags"]) == ("system", "diag.noop", ["schedule:often"])
    samples = await scrape(client)
    assert value_of(samples, "switchyard_schedule_fired_total", schedule="often") >= shown["fired"]
    for name in ("fired", "missed", "overlapped"):
        assert value_of(samples, f"switchyard_schedule_{name}_total", schedule="nap") == 0
    assert value_of(samples, "switchyard_schedule_overdue_seconds", schedule="nap") == 0


async def test_a_run_out_of_turn_moves_no_time(client: httpx.AsyncClient, planned: dict[str, str]) -> None:
    """202 and the job; while that is unfinished 200 and the same one; then a new one."""
    async with running_worker(planned):

        async def is_seen() -> Any:  # noqa: ANN401  JSON
            shown = await _shown(client, "nap")
            return shown if shown["next_due_at"] else None

        before = await eventually(is_seen)
        await client.post("/api/queues/data_sync/pause")  # so that it is unfinished for as long as it is to be
        answer = await client.post("/api/schedules/nap/run", headers={"X-Request-ID": "out-of-turn"})
        job = answer.json()
        assert job["request_id"] == "out-of-turn"
        assert (answer.status_code, answer.headers["location"]) == (202, f"/api/jobs/{job['id']}")
        assert (job["owner"], job["args"], job["run_at"]) == ("system", {"seconds": 0.5}, None)
        again = await client.post("/api/schedules/nap/run")
        assert (again.status_code, again.json()["id"]) == (200, job["id"])
        await client.post("/api/queues/data_sync/resume")
        assert (await end_of(client, job["id"]))["state"] == "succeeded"
        after = await _shown(client, "nap")
        assert after == {**before, "last_job": {"id": job["id"], "state": "succeeded"}}
        other = await client.post("/api/schedules/nap/run")
        assert (other.status_code, other.json()["id"] != job["id"]) == (202, True)
        entries = (await client.get("/api/audit", params={"action": "schedule.run"})).json()["items"]
        assert [(entry["object_id"], entry["details"]["job_id"]) for entry in entries] == [
            ("nap", other.json()["id"]),
            ("nap", job["id"]),
        ]


async def test_what_may_overlap_runs_as_often_as_one_likes(client: httpx.AsyncClient) -> None:
    """Each time it is a job of its own."""
    answers = [await client.post("/api/schedules/often/run") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.json()["id"] for answer in answers}) == 2


async def test_there_is_no_such_schedule(client: httpx.AsyncClient, database: Database) -> None:
    """404 names those that there are; nothing is accepted."""
    answer = await client.post("/api/schedules/nowhere/run")
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
    assert "often, nap" in answer.json()["detail"]
    assert (await client.get("/api/schedules/nap/run")).status_code == 405
    assert await database.fetch("SELECT FROM jobs") == []


async def test_who_is_not_logged_in_sees_and_runs_nothing(client: httpx.AsyncClient, database: Database) -> None:
    """401."""
    client.headers.pop("Authorization")
    answers = [await client.get("/api/schedules"), await client.post("/api/schedules/nap/run")]
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(401, "unauthenticated")] * 2
    assert await database.fetch("SELECT FROM jobs") == []


async def test_only_an_administrator_runs_one(
    client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """403 for others, who may look."""
    monkeypatch.setattr(Authenticator, "recall", lambda *_: Identity(owner="ann", role=Role.NORMAL))
    answer = await client.post("/api/schedules/nap/run")
    assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")
    assert await database.fetch("SELECT FROM jobs") == []
    assert (await client.get("/api/schedules")).status_code == 200


async def test_the_canaries_that_are_shipped_come_back(environ: dict[str, str]) -> None:
    """One from each queue."""
    shipped = {**environ, "JOBS_TIMETABLE": "prune_history=off"}
    async with running_web(shipped) as client, running_worker(shipped):
        for queue in SLOTS:
            job = (await client.post(f"/api/schedules/canary.{queue}/run")).json()
            ended = await end_of(client, job["id"])
            assert (ended["queue"], ended["state"]) == (queue, "succeeded")


async def test_the_metrics_tell_when_a_schedule_last_ended_well(
    client: httpx.AsyncClient, planned: dict[str, str], database: Database
) -> None:
    """Infinitely long ago before it ran, also where no steward knows it; failures, and others' jobs, do not count."""

    async def since_s() -> float:
        samples = await scrape(client)
        return value_of(samples, "switchyard_schedule_since_success_seconds", schedule="nap")

    async def is_counted() -> bool:
        return await since_s() < 30

    assert await since_s() == math.inf
    async with running_worker(planned):
        other = await submit(client, "diag.noop", tags=["schedule:nap"])
        await reaches(client, other["id"], "succeeded")
        assert await since_s() == math.inf
        await client.post("/api/schedules/nap/run")
        await eventually(is_counted)
    await database.execute("UPDATE jobs SET finished_at = finished_at - interval '1 hour'")
    assert 3_600 < await since_s() < 3_700
    await database.execute("UPDATE jobs SET state = 'failed'")
    assert await since_s() == math.inf
