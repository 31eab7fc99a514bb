"""The audit log: what is written down with each deed, what is not, and that it stays as it is."""

from typing import Any

import asyncpg
import httpx
import pytest

from jobs.audit import Action, Actor, Deed
from jobs.stores import audit
from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.batches import noops, submit_batch
from tests.support.conditions import eventually
from tests.support.moments import moment
from tests.support.servers import Servers
from tests.support.site import logged_in, running_worker, submit

_REPLACE = """
INSERT INTO audit (id, actor, action, object_id, outcome, details) OVERRIDING SYSTEM VALUE
SELECT id, 'nobody', action, object_id, outcome, details FROM audit
ON CONFLICT (id) DO UPDATE SET actor = excluded.actor
"""


async def _log(web: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await web.get("/api/audit")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"items", "next_cursor"}
    return list(answer.json()["items"])


async def _post(web: httpx.AsyncClient, path: str, status: int = 200) -> httpx.Response:
    answer = await web.post(path)
    assert answer.status_code == status, answer.text
    return answer


async def test_pauses_are_written_down_once(web: httpx.AsyncClient) -> None:
    """Who, what, when, by which request and from where; a queue that rests already is not paused by the second."""
    for _ in range(2):
        await web.post("/api/queues/data_sync/pause", headers={"X-Request-ID": "one"})
    for _ in range(2):
        await web.post("/api/queues/data_sync/resume", headers={"X-Request-ID": "two"})
    await _post(web, "/api/queues/nowhere/pause", 404)
    resumed, paused = await _log(web)
    assert paused.pop("id") < resumed.pop("id")
    assert moment(paused.pop("at")) < moment(resumed.pop("at"))
    shared = {"actor": "admin", "object_type": "queue", "object_id": "data_sync", "outcome": "done", "details": {}}
    assert paused == {**shared, "action": "queue.pause", "request_id": "one", "address": "127.0.0.1"}
    assert resumed == {**shared, "action": "queue.resume", "request_id": "two", "address": "127.0.0.1"}


async def test_a_cancel_is_written_down_with_the_wish(web: httpx.AsyncClient, database: Database) -> None:
    """At the same time, once, and with what tells of the job when it is gone; not where there is nothing to cancel."""
    job = await submit(web, "diag.noop")
    for _ in range(2):
        await _post(web, f"/api/jobs/{job['id']}/cancel")
    await _post(web, "/api/jobs/nothing/cancel", 404)
    (entry,) = await _log(web)
    assert (entry["actor"], entry["action"], entry["outcome"]) == ("admin", "job.cancel", "wanted")
    assert (entry["object_type"], entry["object_id"]) == ("job", job["id"])
    assert entry["details"] == {"task": "diag.noop", "queue": "data_sync", "owner": "admin", "run": 1}
    (row,) = await database.fetch("SELECT cancel_requested_at = at AS together FROM jobs CROSS JOIN audit")
    assert row["together"]


async def test_a_batch_is_written_down_whole(web: httpx.AsyncClient, database: Database) -> None:
    """With how many jobs it was done to, once; not where there is nothing left to cancel, or to retry."""
    batch = await submit_batch(web, noops(3, delay_s=600), name="three")
    for _ in range(2):
        await _post(web, f"/api/batches/{batch['id']}/cancel")
    await _post(web, f"/api/batches/{batch['id']}/retry", 409)
    await database.execute("UPDATE jobs SET state = 'cancelled', finished_at = now()")
    await _post(web, f"/api/batches/{batch['id']}/retry", 202)
    retried, cancelled = await _log(web)
    for entry in (retried, cancelled):
        assert (entry["object_type"], entry["object_id"]) == ("batch", batch["id"])
        assert entry["details"] == {"name": "three", "owner": "admin", "jobs": 3}
    assert (cancelled["action"], cancelled["outcome"]) == ("batch.cancel", "wanted")
    assert (retried["action"], retried["outcome"]) == ("batch.retry", "done")


async def test_a_retry_is_written_down_and_a_refused_one_is_not(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """With the run that it began; the next cancel is a new deed."""
    async with running_worker(environ):
        done, failed = [await submit(web, task, max_tries=1) for task in ("diag.noop", "diag.fail")]

        async def are_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL")

        await eventually(are_written)
        for job in (done, failed):
            await _post(web, f"/api/jobs/{job['id']}/cancel")  # it finished first
        await _post(web, f"/api/jobs/{done['id']}/retry", 409)
    await _post(web, "/api/jobs/nothing/retry", 404)
    assert await _log(web) == []
    await _post(web, f"/api/jobs/{failed['id']}/retry", 202)
    await _post(web, f"/api/jobs/{failed['id']}/retry", 409)
    await _post(web, f"/api/jobs/{failed['id']}/cancel")
    cancelled, retried = await _log(web)
    assert (retried["action"], retried["object_id"], retried["outcome"]) == ("job.retry", failed["id"], "done")
    assert (retried["details"]["run"], cancelled["details"]["run"]) == (2, 2)
    assert cancelled["action"] == "job.cancel"


async def test_a_user_s_deeds_carry_his_name(web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """On his own things; what is somebody else's is not there, and leaves no entry."""
    with logged_in(monkeypatch, "ann"):
        job = await submit(web, "diag.noop")
    with logged_in(monkeypatch, "bob"):
        await _post(web, f"/api/jobs/{job['id']}/cancel", 404)
    with logged_in(monkeypatch, "ann"):
        await _post(web, f"/api/jobs/{job['id']}/cancel")
    with logged_in(monkeypatch, "bob"):
        await _post(web, f"/api/jobs/{job['id']}/retry", 404)
    with logged_in(monkeypatch, "ann"):
        await _post(web, f"/api/jobs/{job['id']}/retry", 202)
    deeds = [(entry["actor"], entry["action"]) for entry in await _log(web)]
    assert deeds == [("ann", "job.retry"), ("ann", "job.cancel")]


async def test_what_only_an_administrator_may_do_is_refused_to_others(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """403, and nothing changes; 401 where nobody is logged in."""
    with logged_in(monkeypatch, "ann"):
        refused = [await web.get("/api/audit")]
        refused += [await web.post(f"/api/queues/data_sync/{does}") for does in ("pause", "resume")]
        refused += [await web.post("/api/data-sync/templates", json={})]
    for answer in refused:
        assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")
        assert "only an administrator may" in answer.json()["detail"]
    del web.headers["Authorization"]
    answer = await web.get("/api/audit")
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
    for table in ("audit", "paused_queues", "templates"):
        assert await database.fetch(f"SELECT FROM {table}") == []


async def test_no_deed_without_its_entry(web: httpx.AsyncClient, database: Database) -> None:
    """Where the entry cannot be written, nothing is done: both are one transaction."""
    job, other = [await submit(web, "diag.noop") for _ in range(2)]
    await _post(web, f"/api/jobs/{other['id']}/cancel")
    await _post(web, "/api/queues/scheduled/pause")
    await database.execute("ALTER TABLE audit ADD CHECK (actor <> 'admin') NOT VALID")
    for path in (
        f"jobs/{job['id']}/cancel",
        f"jobs/{other['id']}/retry",
        "queues/data_sync/pause",
        "queues/scheduled/resume",
    ):
        await _post(web, f"/api/{path}", 500)
    assert [row["queue"] for row in await database.fetch("SELECT queue FROM paused_queues")] == ["scheduled"]
    rows = await database.fetch("SELECT id, run, cancel_requested_at IS NULL AS unasked FROM jobs ORDER BY accepted_at")
    assert [tuple(row) for row in rows] == [(job["id"], 1, True), (other["id"], 1, False)]
    assert len(await _log(web)) == 2


async def test_without_redis_deeds_are_written_down_as_ever(web: httpx.AsyncClient, servers: Servers) -> None:
    """What Redis is told later, PostgreSQL knows now."""
    job, other = [await submit(web, "diag.noop") for _ in range(2)]
    await _post(web, f"/api/jobs/{other['id']}/cancel")
    async with stopped(servers.redis):
        await _post(web, f"/api/jobs/{job['id']}/cancel")
        await _post(web, "/api/queues/data_sync/pause")
        assert [entry["action"] for entry in await _log(web)] == ["queue.pause", "job.cancel", "job.cancel"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id < 0",
        "TRUNCATE audit",
        "TRUNCATE audit, paused_queues",
        _REPLACE,
        "SET session_replication_role = replica; DELETE FROM audit",
        "SELECT prune_audit(1, 10); DELETE FROM audit",
    ],
)
async def test_entries_are_neither_changed_nor_dropped(web: httpx.AsyncClient, database: Database, change: str) -> None:
    """By nobody, the owner of the table and superusers included."""
    await _post(web, "/api/queues/data_sync/pause")
    before = await _log(web)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only added to"):
        await database.execute(change)
    assert await _log(web) == before


async def test_large_details_are_left_out(web: httpx.AsyncClient, database: Database) -> None:
    """So that a deed does not fail for them, and the log stays small."""
    details = {"text": "x" * 5_000}
    async with database.transaction() as connection:
        deed = Deed(actor=Actor(name="ann"), action=Action.JOB_RETRY, object_id="1", details=details)
        await audit.note(deed, connection=connection)
    (entry,) = await _log(web)
    assert entry["details"] == {"left_out_bytes": 5_011}
