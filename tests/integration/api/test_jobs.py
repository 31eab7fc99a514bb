"""/api/jobs and /api/tasks: good input, bad input, and that bad input changes nothing."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.support.site import submit


async def test_a_submission_is_answered_with_the_job_and_its_place(web: httpx.AsyncClient, database: Database) -> None:
    """202, a Location that leads to the job, and a row in PostgreSQL, which the history will write to."""
    asked = {"task": "diag.sleep", "args": {"seconds": 1}, "priority": 7, "tags": ["a", "b"], "queue": "scheduled"}
    answer = await web.post("/api/jobs", json=asked)
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    seen = (await web.get(answer.headers["location"])).json()
    assert seen.pop("waiting") == {"reason": "no_worker", "position": 1, "estimated_start": None}
    assert seen.pop("attempts") == []
    assert {**seen, "waiting": None} == job
    expected = {
        "task": "diag.sleep",
        "queue": "scheduled",
        "owner": "admin",
        "state": "queued",
        "priority": 7,
        "args": {"seconds": 1.0},
        "tags": ["a", "b"],
        "run": 1,
        "tries": 0,
        "max_tries": 5,
        "timeout_s": 3600.0,
        "durability": "full",
        "result": None,
        "error": None,
    }
    assert {key: job[key] for key in expected} == expected
    row = await database.fetch_row("SELECT owner, state FROM jobs WHERE id = $1", job["id"])
    assert row is not None
    assert tuple(row) == ("admin", "accepted")


async def test_the_shape_of_a_job_is_complete(web: httpx.AsyncClient) -> None:
    """Every field that a client may rely on is there from the start, null where nothing is known."""
    job = await submit(web, "diag.noop")
    assert set(job) == {
        "id", "task", "queue", "owner", "state", "priority", "args", "tags", "unique_key", "batch_id", "run", "tries",
        "max_tries", "timeout_s", "accepted_at", "run_at", "started_at", "finished_at", "progress", "result", "error",
        "waiting", "durability", "request_id", "trace_id",
    }  # fmt: skip
    assert job["accepted_at"].endswith("Z")


async def test_a_job_may_start_at_a_time(web: httpx.AsyncClient) -> None:
    """On a clock of any zone; one that is past is as good as none. It is shown in UTC."""
    later = (datetime.now(UTC) + timedelta(days=30)).replace(microsecond=0)
    for at, state in (
        (later.astimezone(timezone(timedelta(hours=8))), "scheduled"),
        (datetime(2026, 1, 1, tzinfo=UTC), "queued"),
    ):
        answer = await web.post("/api/jobs", json={"task": "diag.noop", "run_at": at.isoformat()})
        assert (answer.status_code, answer.json().get("state")) == (202, state), answer.text
        assert answer.json()["run_at"] == at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"args": {}}, {"/task"}),
        ({"task": "no.such"}, {"/task"}),
        ({"task": 7}, {"/task"}),
        ({"task": "diag.sleep"}, {"/args/seconds"}),
        ({"task": "diag.sleep", "args": {"seconds": "1"}}, {"/args/seconds"}),
        ({"task": "diag.sleep", "args": {"seconds": 1, "minutes": 2}}, {"/args/minutes"}),
        ({"task": "diag.sleep", "args": {"seconds": 10**30}}, {"/args"}),
        ({"task": "diag.fail", "args": {"message": "a\u0000b"}}, {"/args"}),
        ({"task": "diag.fail", "args": {"message": "x" * 262_144}}, {"/args"}),
        ({"task": "diag.noop", "args": []}, {"/args"}),
        ({"task": "diag.noop", "colour": "red"}, {"/colour"}),
        ({"task": "diag.noop", "priority": 0}, {"/priority"}),
        ({"task": "diag.noop", "priority": "high"}, {"/priority"}),
        ({"task": "diag.noop", "queue": "elsewhere"}, {"/queue"}),
        ({"task": "diag.noop", "delay_s": -1}, {"/delay_s"}),
        ({"task": "diag.noop", "delay_s": 1, "run_at": "2027-01-01T00:00:00Z"}, {"/run_at"}),
        ({"task": "diag.noop", "run_at": "2027-01-01T00:00:00"}, {"/run_at"}),
        ({"task": "diag.noop", "run_at": "2099-01-01T00:00:00Z"}, {"/run_at"}),
        ({"task": "diag.noop", "run_at": "1969-12-31T23:59:59Z"}, {"/run_at"}),
        ({"task": "diag.noop", "run_at": "0001-01-01T00:00:00+14:00"}, {"/run_at"}),
        ({"task": "diag.noop", "timeout_s": 0}, {"/timeout_s"}),
        ({"task": "diag.noop", "max_tries": 0}, {"/max_tries"}),
        ({"task": "diag.noop", "tags": ["ok", ""]}, {"/tags/1"}),
        ({"task": "diag.noop", "tags": ["a\u0000"]}, {"/tags/0"}),
        ({"task": "diag.noop", "priority": 99, "colour": 1}, {"/priority", "/colour"}),
    ],
)
async def test_bad_input_names_each_field_and_changes_nothing(
    web: httpx.AsyncClient, database: Database, body: dict[str, Any], pointers: set[str]
) -> None:
    """422 with a pointer and a mend for each, and no job."""
    answer = await web.post("/api/jobs", json=body)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == "validation"
    assert {error["pointer"] for error in problem["errors"]} == pointers
    assert all(error["detail"] for error in problem["errors"])
    assert await database.fetch("SELECT id FROM jobs") == []


@pytest.mark.parametrize(
    ("content", "content_type", "status", "kind"),
    [
        (b"{", "application/json", 400, "validation"),
        (b"", "application/json", 400, "validation"),
        (b"\xff", "application/json", 400, "validation"),
        (b'{"task": "diag.noop", "priority": 1e400}', "application/json", 400, "validation"),
        (b'["diag.noop"]', "application/json", 422, "validation"),
        (b"task=diag.noop", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        (b" " * 1_048_577, "application/json", 413, "too-large"),
    ],
)
async def test_a_body_of_another_form_is_refused(
    web: httpx.AsyncClient, content: bytes, content_type: str, status: int, kind: str
) -> None:
    """Broken JSON, another type, or more than a mebibyte."""
    answer = await web.post("/api/jobs", content=content, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["type"]) == (status, kind)


async def test_a_body_without_an_announced_length_is_counted(web: httpx.AsyncClient) -> None:
    """A chunked body cannot slip past the limit."""

    async def endless() -> Any:  # noqa: ANN401  an async generator
        for _ in range(20):
            yield b" " * 100_000

    answer = await web.post("/api/jobs", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")


async def test_a_job_that_is_not_there_is_not_found(web: httpx.AsyncClient) -> None:
    """Whatever the id looks like."""
    for job_id in ("nothing", "0" * 32, "%00", "a" * 5000):
        answer = await web.get(f"/api/jobs/{job_id}")
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found")


@pytest.mark.parametrize("query", [{"wait_s": "-1"}, {"wait_s": "26"}, {"wait_s": "soon"}, {"wait": "1"}])
async def test_a_wrong_query_is_refused(web: httpx.AsyncClient, query: dict[str, str]) -> None:
    """Also a misspelt one, which would else wait for nothing in silence."""
    job = await submit(web, "diag.noop")
    answer = await web.get(f"/api/jobs/{job['id']}", params=query)
    assert (answer.status_code, answer.json()["type"]) == (422, "validation")


async def test_a_wrong_method_is_told_the_right_ones(web: httpx.AsyncClient) -> None:
    """All methods of the path, not only the first's."""
    answer = await web.delete("/api/data-sync/templates")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert answer.json()["type"] == "about:blank"


async def test_tasks_are_listed_with_their_schemas(web: httpx.AsyncClient) -> None:
    """A program can make its form from this."""
    items = {item["name"]: item for item in (await web.get("/api/tasks")).json()["items"]}
    assert items["sync_file"]["queue"] == "data_sync"
    assert items["diag.sleep"]["args"]["properties"]["seconds"]["type"] == "number"
    assert items["diag.sleep"]["args"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer schl\u00fcssel"]
)
async def test_nobody_gets_in_without_a_known_key(web: httpx.AsyncClient, authorization: str | None) -> None:
    """401 with the way to log in, on every path of the API, whether it exists or not."""
    del web.headers["Authorization"]
    headers = {} if authorization is None else {b"Authorization": authorization.encode()}
    for method, path in (("GET", "/api/tasks"), ("POST", "/api/jobs"), ("GET", "/api/no-such")):
        answer = await web.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_request_ids_come_in_and_go_out(web: httpx.AsyncClient) -> None:
    """A client's own is kept if it is harmless; every answer and every problem carries one."""
    kept = await web.get("/api/nothing", headers={"X-Request-ID": "trace-1.2:3"})
    assert kept.headers["x-request-id"] == kept.json()["request_id"] == "trace-1.2:3"
    forged = await web.get("/api/nothing", headers={"X-Request-ID": "a b{}"})
    assert len(forged.headers["x-request-id"]) == 32


async def test_health_needs_no_login(web: httpx.AsyncClient) -> None:
    """For load balancers and supervisors."""
    del web.headers["Authorization"]
    assert (await web.get("/healthz")).json() == {"status": "alive"}
    assert (await web.get("/readyz")).status_code == 200
