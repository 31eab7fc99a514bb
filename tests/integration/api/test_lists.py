"""GET /api/jobs: what it lists and for whom, page by page, and that wrong questions are told what is wrong."""

from typing import Any

import httpx
import pytest

from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.batches import noops, submit_batch
from tests.support.conditions import eventually
from tests.support.servers import Servers
from tests.support.site import end_of, logged_in, submit


async def _list(web: httpx.AsyncClient, **query: Any) -> Any:  # noqa: ANN401  JSON
    answer = await web.get("/api/jobs", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _ids(web: httpx.AsyncClient, **query: Any) -> list[str]:  # noqa: ANN401  JSON
    return [job["id"] for job in (await _list(web, **query))["items"]]


async def test_jobs_are_listed_newest_first_page_by_page(web: httpx.AsyncClient) -> None:
    """Each once, as it is shown alone but for its tries; the last page has no cursor."""
    jobs = [await submit(web, "diag.noop", priority=number) for number in range(1, 6)]
    first = await _list(web, limit=2)
    assert set(first) == {"items", "next_cursor"}
    shown = (await web.get(f"/api/jobs/{jobs[4]['id']}")).json()
    del shown["attempts"]
    assert first["items"][0] == {**shown, "waiting": None}
    second = await _list(web, limit=2, cursor=first["next_cursor"])
    third = await _list(web, limit=2, cursor=second["next_cursor"])
    assert third["next_cursor"] is None
    found = [job["id"] for page in (first, second, third) for job in page["items"]]
    assert found == [job["id"] for job in reversed(jobs)]


async def test_each_filter_keeps_what_fits(web: httpx.AsyncClient) -> None:
    """Alone and together; what nobody has is an empty list, not a mistake."""
    one = await submit(web, "diag.noop", tags=["red", "blue"], queue="scheduled")
    two = await submit(web, "diag.sleep", {"seconds": 1}, tags=["red"], delay_s=60)
    three = await submit(web, "diag.noop")
    ids = [job["id"] for job in (three, two, one)]
    assert await _ids(web) == ids
    assert await _ids(web, task="diag.noop") == [ids[0], ids[2]]
    assert await _ids(web, queue="scheduled") == [ids[2]]
    assert await _ids(web, tag="red") == [ids[1], ids[2]]
    assert await _ids(web, tag="red", task="diag.noop", queue="scheduled", owner="admin") == [ids[2]]
    assert await _ids(web, owner="admin") == ids
    assert await _ids(web, accepted_after=two["accepted_at"]) == ids[:2]
    assert await _ids(web, accepted_before=two["accepted_at"]) == ids[2:]
    for nobody_s in ({"task": "none"}, {"queue": "none"}, {"tag": "none"}, {"batch": "none"}, {"owner": "none"}):
        assert await _list(web, **nobody_s) == {"items": [], "next_cursor": None}


async def test_the_jobs_of_a_batch_are_listed_by_its_id(web: httpx.AsyncClient) -> None:
    """And by what else is asked for; those of others are not among them."""
    await submit(web, "diag.noop")
    batch, other = await submit_batch(web, noops(3)), await submit_batch(web, noops(2, priority=9))
    mine = await _list(web, batch=batch["id"])
    assert [job["batch_id"] for job in mine["items"]] == [batch["id"]] * 3
    assert len(await _ids(web, batch=batch["id"], limit=2)) == 2
    assert await _ids(web, batch=other["id"], task="diag.sleep") == []


async def test_states_are_shown_as_they_are_now(site: httpx.AsyncClient, database: Database) -> None:
    """What Redis knows of a job counts though it is not written yet; several states may be asked for."""
    ended = await submit(site, "diag.noop")
    running = await submit(site, "diag.sleep", {"seconds": 20})
    scheduled = await submit(site, "diag.noop", delay_s=60)
    await end_of(site, ended["id"])

    async def is_written() -> bool:
        states = {job["id"]: job["state"] for job in (await _list(site, owner="admin"))["items"]}
        written = await database.fetch("SELECT id FROM jobs WHERE state = 'succeeded' OR state = 'running'")
        return len(written) == 2 and states[running["id"]] == "running"

    await eventually(is_written)
    assert await _ids(site, state="running") == [running["id"]]
    assert await _ids(site, state=["succeeded", "scheduled"]) == [scheduled["id"], ended["id"]]
    assert await _ids(site, state="failed") == []
    assert (await site.post(f"/api/jobs/{running['id']}/cancel")).status_code == 200


async def test_what_no_longer_fits_is_not_shown(web: httpx.AsyncClient, database: Database) -> None:
    """PostgreSQL has a job as accepted that Redis has in line already."""
    job = await submit(web, "diag.noop")
    row = await database.fetch_row("SELECT state FROM jobs WHERE id = $1", job["id"])
    assert row is not None
    assert row["state"] == "accepted"
    assert await _ids(web, state="accepted") == []
    (shown,) = (await _list(web))["items"]
    assert shown["state"] == "queued"


async def test_lists_are_told_while_redis_is_away(web: httpx.AsyncClient, servers: Servers) -> None:
    """As far as they were written."""
    job = await submit(web, "diag.noop")
    async with stopped(servers.redis):
        assert await _ids(web) == [job["id"]]


async def test_everybody_lists_his_own(web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only an administrator sees those of others, or may ask for them."""
    of_admin = await submit(web, "diag.noop", tags=["red"])
    with logged_in(monkeypatch, "ann"):
        of_ann = await submit(web, "diag.noop", tags=["red"])
        assert await _ids(web) == [of_ann["id"]]
        for query in ({"tag": "red"}, {"task": "diag.noop"}, {"state": "queued"}, {"owner": "ann"}):
            assert await _ids(web, **query) in ([of_ann["id"]], [])
            assert of_admin["id"] not in await _ids(web, **query)
        refused = await web.get("/api/jobs", params={"owner": "admin"})
        assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
    assert await _ids(web) == [of_ann["id"], of_admin["id"]]
    assert await _ids(web, owner="ann") == [of_ann["id"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"state": "done"}, "/state/0"),
        ({"state": ["queued", "done"]}, "/state/1"),
        ({"state": ""}, "/state/0"),
        ({"task": ""}, "/task"),
        ({"task": "a\x00"}, "/task"),
        ({"task": ["a", "b"]}, "/task"),
        ({"queue": " "}, "/queue"),
        ({"owner": "x" * 101}, "/owner"),
        ({"tag": ""}, "/tag"),
        ({"batch": ""}, "/batch"),
        ({"accepted_after": "yesterday"}, "/accepted_after"),
        ({"accepted_after": "2027"}, "/accepted_after"),
        ({"accepted_after": "2027-01-01T00:00:00"}, "/accepted_after"),
        ({"accepted_before": "0001-01-01T00:00:00+14:00"}, "/accepted_before"),
        ({"accepted_before": "9999-12-31T23:00:00-14:00"}, "/accepted_before"),
        (
            {"accepted_after": "2027-01-01T00:00:00Z", "accepted_before": "2027-01-01T00:00:00Z"},
            "/accepted_before",
        ),
        ({"limit": "0"}, "/limit"),
        ({"limit": "201"}, "/limit"),
        ({"limit": "many"}, "/limit"),
        ({"cursor": ""}, "/cursor"),
        ({"cursor": "0190a1b2"}, "/cursor"),
        ({"cursor": "é"}, "/cursor"),
        ({"cursor": "A" * 5000}, "/cursor"),
        ({"colour": "red"}, "/colour"),
        ({"states": "queued"}, "/states"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    web: httpx.AsyncClient, query: dict[str, Any], pointer: str
) -> None:
    """422 with the parameter and its mend."""
    answer = await web.get("/api/jobs", params=query)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "validation")
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert all(error["detail"] for error in problem["errors"])


async def test_nobody_lists_without_a_key(web: httpx.AsyncClient) -> None:
    """401, as everywhere below /api."""
    for method, path in (("GET", "/api/jobs"), ("GET", "/api/failures"), ("POST", "/api/failures/f/retry")):
        answer = await web.request(method, path, headers={"Authorization": ""})
        assert (answer.status_code, answer.json()["type"]) == (401, "unauthenticated")
