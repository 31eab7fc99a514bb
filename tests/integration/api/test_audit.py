"""/api/audit: what is written down with each deed, what is not, and how it is read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.api.cursors import List, Place, write_cursor
from app.identity import Identity, Role
from jobs.audit import Action, Actor, Deed
from jobs.stores import audit
from jobs.stores.database import Database
from jobs.stores.queries import load_queries
from tests.chaos.outages import stopped
from tests.conftest import Servers
from tests.support.conditions import eventually
from tests.support.site import running_web, running_worker, submit

_ANN = Identity(owner="ann", role=Role.NORMAL)
_BOB = Identity(owner="bob", role=Role.PREMIUM)

# Two of each second, by turns of ann (one in a thousand) and others.
_MANY = """
INSERT INTO audit (at, actor, action, object_id, outcome, details)
SELECT
    timestamptz '2020-01-01 00:00:00Z' + make_interval(secs => number / 2),
    CASE WHEN number % 1000 = 0 THEN 'ann' ELSE 'user ' || number % 50 END,
    (ARRAY['job.cancel', 'job.cancel', 'job.retry', 'queue.pause'])[1 + number % 4],
    'object ' || number % 20000,
    'done',
    '{}'
FROM generate_series(1, 100000) AS number
"""

_REPLACE = """
INSERT INTO audit (id, actor, action, object_id, outcome, details) OVERRIDING SYSTEM VALUE
SELECT id, 'nobody', action, object_id, outcome, details FROM audit
ON CONFLICT (id) DO UPDATE SET actor = excluded.actor
"""
_ONE_MORE = (
    "INSERT INTO audit (actor, action, object_id, outcome, details) SELECT 'ann', 'job.retry', '1', 'done', '{}'"
)


async def _log(web: httpx.AsyncClient, **query: object) -> list[dict[str, Any]]:
    answer = await web.get("/api/audit", params={name: str(value) for name, value in query.items()})
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
    assert paused.pop("at") < resumed.pop("at")
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


async def test_a_user_s_deeds_carry_his_name(environ: dict[str, str], web: httpx.AsyncClient) -> None:
    """On his own things; what is somebody else's is not there, and leaves no entry."""
    async with running_web(environ, identity=_ANN) as ann, running_web(environ, identity=_BOB) as bob:
        job = await submit(ann, "diag.noop")
        await _post(bob, f"/api/jobs/{job['id']}/cancel", 404)
        await _post(ann, f"/api/jobs/{job['id']}/cancel")
        await _post(bob, f"/api/jobs/{job['id']}/retry", 404)
        await _post(ann, f"/api/jobs/{job['id']}/retry", 202)
    assert [(entry["actor"], entry["action"]) for entry in await _log(web)] == [
        ("ann", "job.retry"),
        ("ann", "job.cancel"),
    ]


async def test_what_only_an_administrator_may_do_is_refused_to_others(
    environ: dict[str, str], database: Database
) -> None:
    """403, and nothing changes; 401 where nobody is logged in."""
    async with running_web(environ, identity=_ANN) as ann:
        refused = [await ann.get("/api/audit")]
        refused += [await ann.post(f"/api/queues/data_sync/{does}") for does in ("pause", "resume")]
        refused += [await ann.post("/api/data-sync/templates", json={})]
    for answer in refused:
        assert (answer.status_code, answer.json()["type"]) == (403, "forbidden")
        assert "only an administrator may" in answer.json()["detail"]
    async with running_web(environ) as nobody:
        del nobody.headers["Authorization"]
        answer = await nobody.get("/api/audit")
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


@pytest.fixture
async def many(database: Database) -> Database:
    """Give a database with 100,000 entries."""
    await database.execute(_MANY)
    await database.execute("VACUUM (ANALYZE) audit")
    return database


async def test_the_log_is_read_page_by_page(web: httpx.AsyncClient, many: Database) -> None:
    """Newest first, each entry once, whatever is added meanwhile; also of entries of one moment."""
    query: dict[str, str] = {"actor": "ann", "limit": "7"}
    seen: list[int] = []
    while True:
        answer = (await web.get("/api/audit", params=query)).json()
        assert len(answer["items"]) <= 7
        seen += [entry["id"] for entry in answer["items"]]
        await many.execute(_ONE_MORE)
        if answer["next_cursor"] is None:
            break
        query["cursor"] = answer["next_cursor"]
    assert len(seen) == 100
    assert seen == sorted(set(seen), reverse=True)
    first = (await web.get("/api/audit", params={"limit": "3", "before": "2020-02-01T00:00:00Z"})).json()
    then = (await web.get("/api/audit", params={"limit": "3", "cursor": first["next_cursor"]})).json()
    assert [entry["id"] for page in (first, then) for entry in page["items"]] == list(range(100_000, 99_994, -1))


@pytest.mark.usefixtures("many")
async def test_the_log_is_filtered(web: httpx.AsyncClient) -> None:
    """By who, what, to what and when, alone and together; `after` counts, `before` does not."""
    assert len(await _log(web, actor="ann", limit=200)) == 100
    assert len(await _log(web, object_id="object 7")) == 5
    assert len(await _log(web, object_id="object 7", action="queue.pause")) == 5
    assert await _log(web, object_id="object 7", action="job.retry") == []
    assert await _log(web, actor="eve") == []
    moment = {"after": "2020-01-01T00:01:00Z", "before": "2020-01-01T01:01:02+01:00"}
    assert [entry["id"] for entry in await _log(web, **moment)] == [123, 122, 121, 120]
    assert {entry["action"] for entry in await _log(web, action="job.cancel", limit=200)} == {"job.cancel"}


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"action": "job.eat"}, "action"),
        ({"actor": ""}, "actor"),
        ({"actor": "a\x00"}, "actor"),
        ({"object_id": "x" * 501}, "object_id"),
        ({"after": "yesterday"}, "after"),
        ({"after": "2026"}, "after"),
        ({"before": "2020-01-01T00:00:00"}, "before"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "ä"}, "cursor"),
        ({"cursor": "MTIzNCA="}, "cursor"),
        ({"after": "9999-12-31T00:00:00Z"}, "after"),
        ({"cursor": "x" * 3_001}, "cursor"),
        ({"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OSAx"}, "cursor"),
        ({"order": "oldest"}, "order"),
    ],
)
async def test_a_wrong_query_names_its_parameter(web: httpx.AsyncClient, query: dict[str, str], name: str) -> None:
    """422 with a pointer and a mend."""
    answer = await web.get("/api/audit", params=query)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "validation")
    assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
    assert problem["errors"][0]["detail"]


async def test_a_forged_cursor_is_at_most_a_place(web: httpx.AsyncClient) -> None:
    """One whose id is no number, or one that no entry can have, is refused even with the right checksum."""
    for entry_id in ("0199f3c0", "-1", "9" * 19, "٣"):
        cursor = write_cursor(List.AUDIT, Place(datetime(2026, 1, 1, tzinfo=UTC), entry_id))
        answer = await web.get("/api/audit", params={"cursor": cursor or ""})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/cursor"]


# What is asked for, by the place of the parameter, and the index that leads to it.
_ASKED: tuple[tuple[Mapping[int, str], str], ...] = (
    ({}, "audit_at"),
    ({1: "'ann'"}, "audit_actor"),
    ({1: "'nobody'"}, "audit_actor"),
    ({2: "'queue.pause'"}, "audit_action"),
    ({3: "'object 7'"}, "audit_object"),
    ({4: "'2020-01-01 05:00Z'", 5: "'2020-01-01 06:00Z'", 6: "0"}, "audit_at"),
    ({5: "'2020-01-01 01:00Z'", 6: "7201"}, "audit_at"),
    ({1: "'ann'", 5: "'2020-01-01 06:00Z'", 6: "40000"}, "audit_actor"),
)


async def test_a_page_of_many_entries_costs_a_page(many: Database) -> None:
    """One index leads to it, and little more is read than is given: in order, or sorted where it is but a few rows.

    Also at the seventh call: by then PostgreSQL has decided whether it plans such a query anew each time.
    """
    page = load_queries(Path(audit.__file__).with_suffix(".sql"))["page"]
    async with many.connect() as connection:
        for given, index in _ASKED:
            values = ", ".join(given.get(place, "NULL") for place in range(1, 7))
            await connection.execute(
                f"PREPARE page (text, text, text, timestamptz, timestamptz, bigint, bigint) AS {page}"
            )
            for _ in range(6):
                await connection.fetch(f"EXECUTE page ({values}, 51)")
            (row,) = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page ({values}, 51)")
            await connection.execute("DEALLOCATE page")
            (explained,) = json.loads(row[0])
            nodes = _nodes(explained["Plan"])
            assert {node["Index Name"] for node in nodes if "Index Name" in node} == {index}, (given, nodes)
            assert not [node for node in nodes if "Seq Scan" in node["Node Type"]], (given, nodes)
            assert nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"] < 60, (given, nodes)


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for part in plan.get("Plans", ()) for node in _nodes(part))]
