"""/api/failures: what jobs fail of, and running all that failed of it once more."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from jobs.audit import Actor
from jobs.failures import Failures
from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.stores.failures import FailureStore
from jobs.stores.jobs import JobStore
from jobs.stores.queue import Queue
from jobs.stores.redis import connect_redis
from jobs.submit import Submitter
from jobs.tasks.table import task_table
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.failing import fail
from tests.support.moments import moment
from tests.support.servers import Servers
from tests.support.site import end_of, logged_in, submit

_SOMEBODY = Actor(name="somebody")


async def _causes(web: httpx.AsyncClient, **query: str | int) -> Any:  # noqa: ANN401  JSON
    answer = await web.get("/api/failures", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _retry(web: httpx.AsyncClient, fingerprint: str, **query: str | int) -> Any:  # noqa: ANN401  JSON
    answer = await web.post(f"/api/failures/{fingerprint}/retry", params=query)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def _states(database: Database) -> dict[str, int]:
    rows = await database.fetch("SELECT state, count(*) AS amount FROM jobs GROUP BY state")
    return {row["state"]: row["amount"] for row in rows}


async def test_failures_are_grouped_by_cause(site: httpx.AsyncClient, database: Database) -> None:
    """What really fails is shown by task, error and place, with the last of it; another message is no other cause."""
    jobs = [await submit(site, "diag.fail", {"message": text}, max_tries=1) for text in ("one", "two")]
    ended = [await end_of(site, job["id"]) for job in jobs]
    await submit(site, "diag.noop")

    async def is_written() -> bool:
        return (await _states(database)).get("failed") == 2

    await eventually(is_written)
    (cause,) = (await _causes(site))["items"]
    last = max(ended, key=lambda job: (moment(job["finished_at"]), job["id"]))
    assert cause == {
        "fingerprint": last["error"]["fingerprint"],
        "task": "diag.fail",
        "error": {"type": last["error"]["type"], "message": last["error"]["message"]},
        "count": 2,
        "is_counted": True,
        "owners": ["admin"],
        "first_seen": min((job["finished_at"] for job in ended), key=moment),
        "last_seen": last["finished_at"],
        "job_id": last["id"],
    }


async def test_causes_come_in_pages_the_latest_first(web: httpx.AsyncClient, database: Database) -> None:
    """With their owners and counts; a count stops at a thousand and says so; `since` leaves out what is older."""
    for fingerprint, owner, amount in (("a", "ann", 3), ("b", "ann", 1200), ("b", "bob", 10), ("c", "zoë", 30)):
        await fail(database, fingerprint, owner, amount)
    first = await _causes(web, limit=2)
    assert [cause["fingerprint"] for cause in first["items"]] == ["b", "c"]
    assert first["items"][0]["owners"] == ["ann", "bob"]
    assert (first["items"][0]["count"], first["items"][0]["is_counted"]) == (1000, False)
    assert (first["items"][1]["count"], first["items"][1]["is_counted"]) == (30, True)
    assert first["items"][1]["error"] == {"type": "E", "message": "number 30"}
    second = await _causes(web, limit=2, cursor=first["next_cursor"])
    assert [cause["fingerprint"] for cause in second["items"]] == ["a"]
    assert second["next_cursor"] is None
    since = (await _causes(web, since=first["items"][1]["last_seen"]))["items"]
    assert [(cause["fingerprint"], cause["count"]) for cause in since] == [("b", 1000), ("c", 1)]


async def test_everybody_sees_and_retries_his_own(
    web: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The causes of others are not there."""
    for owner, amount in (("ann", 3), ("bob", 2)):
        await fail(database, "f", owner, amount)
    with logged_in(monkeypatch, "zoë"):
        assert (await _causes(web))["items"] == []
        answer = await web.post("/api/failures/f/retry")
        assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
    with logged_in(monkeypatch, "ann"):
        (cause,) = (await _causes(web))["items"]
        assert (cause["count"], cause["owners"]) == (3, ["ann"])
        assert await _retry(web, "f") == {"retried": 3, "skipped": 0, "remaining": 0, "next_cursor": None}
        assert (await _causes(web))["items"] == []
    (cause,) = (await _causes(web))["items"]
    assert cause["owners"] == ["bob"]
    assert (await _retry(web, "f"))["retried"] == 2
    assert "failed" not in await _states(database)


async def test_a_group_is_retried_whole(site: httpx.AsyncClient, database: Database) -> None:
    """Each job runs once more, with its tries counted anew, and nothing else does."""
    await fail(database, "f", "admin", 105)
    await fail(database, "other", "admin", 2)
    assert await _retry(site, "f") == {"retried": 105, "skipped": 0, "remaining": 0, "next_cursor": None}

    async def all_have_ended() -> bool:
        return (await _states(database)) == {"succeeded": 105, "failed": 2}

    await eventually(all_have_ended, within_s=30)
    runs = await database.fetch("SELECT DISTINCT run, tries FROM jobs WHERE state = 'succeeded'")
    assert [tuple(row) for row in runs] == [(2, 1)]
    assert (await site.post("/api/failures/f/retry")).status_code == 404


async def test_what_fails_again_is_left(site: httpx.AsyncClient, database: Database) -> None:
    """So that going on comes to an end."""
    await fail(database, "f", "admin", 30, task="diag.fail")
    assert (await _retry(site, "f"))["retried"] == 30

    async def all_have_failed_again() -> bool:
        rows = await database.fetch("SELECT FROM jobs WHERE run = 2 AND state = 'failed'")
        return len(rows) == 30

    await eventually(all_have_failed_again, within_s=30)


async def test_it_is_retried_while_redis_is_away(web: httpx.AsyncClient, database: Database, servers: Servers) -> None:
    """The jobs are accepted once more, and put in line when it is back."""
    await fail(database, "f", "admin", 25)
    async with stopped(servers.redis):
        assert (await _retry(web, "f"))["retried"] == 25
        assert await _states(database) == {"accepted": 25}


async def test_each_job_that_is_retried_is_written_down(web: httpx.AsyncClient, database: Database) -> None:
    """The request tells which belong together; where nothing is retried, nothing is written."""
    await fail(database, "f", "ann", 3)
    for status in (202, 404):
        answer = await web.post("/api/failures/f/retry", headers={"X-Request-ID": "all"})
        assert answer.status_code == status
    rows = await database.fetch("SELECT actor, action, object_id, request_id FROM audit ORDER BY object_id")
    assert [tuple(row) for row in rows] == [("admin", "job.retry", f"ann{number}f", "all") for number in (1, 2, 3)]


def _submitter(environ: dict[str, str], database: Database, queue: Queue) -> Submitter:
    tasks = task_table(load_settings(environ))
    return Submitter(tasks=tasks, database=database, jobs=JobStore(database), queue=queue, turn_s=1.0)


async def _walk(failures: Failures) -> Sequence[tuple[int, int, int | None]]:
    told, place = [], None
    while True:
        done = await failures.retry("f", owner=None, after=place, by=_SOMEBODY)
        told.append((done.retried, done.skipped, done.remaining))
        if done.following is None:
            return told
        place = done.following


async def test_where_time_is_up_the_rest_is_left_to_the_next_call(environ: dict[str, str], database: Database) -> None:
    """It says how many and from where; what has lost its unique key is skipped."""
    redis = connect_redis(environ["REDIS_URL"], patience_s=5)
    queue = Queue(redis, patience_s=5, step_ms=600_000)
    submitter = _submitter(environ, database, queue)
    await fail(database, "f", "ann", 50)
    await database.execute("UPDATE jobs SET unique_key = 'same' WHERE id IN ('ann1f', 'ann50f')")
    failures = Failures(store=FailureStore(database), submitter=submitter, longest_s=0)
    assert await _walk(failures) == [(20, 0, 30), (20, 0, 10), (9, 1, 0)]
    await redis.aclose(close_connection_pool=True)


async def test_a_unique_key_waits_for_redis(environ: dict[str, str], database: Database, servers: Servers) -> None:
    """Nobody can say then whether it is free: such jobs stay failed, and it says that they are left."""
    redis = connect_redis(environ["REDIS_URL"], patience_s=10)
    queue = Queue(redis, patience_s=10, step_ms=600_000)
    await fail(database, "f", "ann", 5)
    await database.execute("UPDATE jobs SET unique_key = 'same' WHERE id = 'ann3f'")
    failures = Failures(store=FailureStore(database), submitter=_submitter(environ, database, queue))
    async with stopped(servers.redis):
        done = await failures.retry("f", owner=None, after=None, by=_SOMEBODY)
        assert (done.retried, done.skipped, done.remaining) == (4, 0, 1)
    done = await failures.retry("f", owner=None, after=done.following, by=_SOMEBODY)
    assert (done.retried, done.remaining, done.following) == (1, 0, None)
    await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"since": "yesterday"}, "/since"),
        ({"since": "2027"}, "/since"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "201"}, "/limit"),
        ({"cursor": "x"}, "/cursor"),
        ({"owner": "ann"}, "/owner"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    web: httpx.AsyncClient, query: dict[str, str], pointer: str
) -> None:
    """422 with the parameter and its mend."""
    answer = await web.get("/api/failures", params=query)
    assert (answer.status_code, answer.json()["type"]) == (422, "validation")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing/retry", 404),
        ("%00/retry", 404),
        (f"{'x' * 3000}/retry", 404),
        ("f/retry?cursor=x", 422),
        ("f/retry?limit=5", 422),
    ],
)
async def test_a_wrong_retry_changes_nothing(
    web: httpx.AsyncClient, database: Database, path: str, status: int
) -> None:
    """A cause that there is not, a broken cursor, a parameter that is not known."""
    await fail(database, "f", "admin", 3)
    answer = await web.post(f"/api/failures/{path}")
    assert answer.status_code == status
    assert await _states(database) == {"failed": 3}


async def test_a_cursor_of_another_list_is_refused(web: httpx.AsyncClient, database: Database) -> None:
    """It would be a place that means nothing here."""
    for fingerprint in ("e", "f"):
        await fail(database, fingerprint, "admin", 1)
    of_jobs = (await web.get("/api/jobs", params={"limit": 1})).json()["next_cursor"]
    of_causes = (await _causes(web, limit=1))["next_cursor"]
    assert (await web.get("/api/jobs", params={"cursor": of_causes})).status_code == 422
    assert (await web.get("/api/failures", params={"cursor": of_jobs})).status_code == 422
    assert (await web.post("/api/failures/f/retry", params={"cursor": of_causes})).status_code == 422
