"""/api/events and /api/jobs/{id}/events: how things are first, then each change, once and in order."""

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app import follower
from jobs import codec, keys
from jobs.stores.database import Database
from tests.support.conditions import eventually, reaches
from tests.support.listening import has_ended, listening, stream_of
from tests.support.moments import moment
from tests.support.site import ANNS_KEY, running_worker, submit


async def test_a_job_is_shown_and_then_followed_to_its_end(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """The first event is the job as `GET` shows it; each change brings the fields that it is about; then it is over."""
    job = await submit(admin, "diag.noop")
    async with listening(app, stream_of(job)) as listener:
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
        first = await listener.next()
        shown = (await admin.get(f"/api/jobs/{job['id']}")).json()
        del shown["attempts"]
        assert (first.name, first.data) == ("job", {**shown, "waiting": None, "seq": first.data["seq"]})
        async with running_worker(environ):
            running, ended = await listener.rest()
    assert (running.state, running.data["tries"], running.data["progress"]) == ("running", 1, None)
    assert (ended.state, ended.data["result"], ended.data["error"]) == ("succeeded", None, None)
    assert first.data["seq"] < running.data["seq"] < ended.data["seq"]
    seen = {**first.data, **running.data, **ended.data}
    shown = await reaches(admin, job["id"], "succeeded")
    del shown["attempts"]
    assert {name: seen[name] for name in shown} == shown


async def test_an_end_is_told_with_its_error_and_its_result(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """A try that failed too."""
    async with listening(app, "/api/events") as listener, running_worker(environ):
        job = await submit(admin, "diag.fail", {"message": "no luck", "times": 1}, max_tries=2)
        told = await listener.until(has_ended)
    assert [one.state for one in told] == ["queued", "running", "retrying", "queued", "running", "succeeded"]
    assert (told[0].data["id"], told[0].data["owner"], told[0].data["result"]) == (job["id"], "admin", None)
    assert told[2].data["error"]["message"] == "no luck"
    assert (told[-1].data["tries"], told[-1].data["error"]) == (2, None)


async def test_progress_comes_within_a_moment_and_not_too_often(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """Forty reports a second become four at most; the last one is told before the end."""
    job = await submit(admin, "diag.progress", {"steps": 60, "seconds": 1.5})
    async with listening(app, stream_of(job)) as listener:
        assert (await listener.next()).state == "queued"
        async with running_worker(environ):
            told = await listener.rest()
    progress = [one.data["progress"] for one in told if one.name == "progress"]
    ended = await reaches(admin, job["id"], "succeeded")
    # Each of its sixty sleeps may be late, and it takes the longer. One more comes at the start, and one at the end.
    took_s = (moment(ended["finished_at"]) - moment(ended["started_at"])).total_seconds()
    assert 4 <= len(progress) <= 4 * took_s + 2
    assert progress[-1] == {"done": 60, "total": 60, "message": "done"}
    assert [one["done"] for one in progress] == sorted(one["done"] for one in progress)
    assert {one.id for one in told if one.name == "progress"} == {None}
    assert told[-1].state == "succeeded"


async def test_who_follows_all_begins_with_what_is_unfinished(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """One event each, as it is in Redis; what comes later is told once."""
    jobs = [await submit(admin, "diag.noop") for _ in range(3)]
    await admin.post(f"/api/jobs/{jobs[0]['id']}/cancel")
    async with listening(app, "/api/events") as listener:
        shown = [await listener.next() for _ in range(3)]
        assert [one.data["id"] for one in shown] == [job["id"] for job in jobs]
        assert [one.state for one in shown] == ["cancelled", "queued", "queued"]
        assert {one.id for one in shown} == {None}
        assert listener.last_id is not None  # told after all of them
        await admin.post(f"/api/jobs/{jobs[1]['id']}/cancel")
        told = await listener.next()
        assert (told.data["id"], told.state) == (jobs[1]["id"], "cancelled")


async def test_too_much_to_be_shown_is_to_be_listed(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """Instead of more than 200 jobs there is a hint; changes follow all the same."""
    for _ in range(201):
        job = await submit(admin, "diag.noop", queue="scheduled")
    async with listening(app, "/api/events") as listener:
        hint = await listener.next()
        assert (hint.name, hint.data) == ("reset", {"reason": "too_many", "instead": "/api/jobs"})
        await admin.post(f"/api/jobs/{job['id']}/cancel")
        told = await listener.next()
        assert (told.data["id"], told.state) == (job["id"], "cancelled")


async def test_others_jobs_are_nobody_s_business(
    app: ASGIApp, admin: httpx.AsyncClient, ann: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """404 for what is not yours, 401 without login; who follows his own is told of nothing else."""
    secret = await submit(admin, "diag.noop")
    own = await submit(ann, "diag.noop")
    async with listening(app, stream_of(secret), key=ANNS_KEY) as listener:
        assert listener.status == 404
    async with listening(app, "/api/jobs/no-such-job/events") as listener:
        assert listener.status == 404
    for path in ("/api/events", stream_of(own)):
        async with listening(app, path, key="x" * 40) as listener:
            assert listener.status == 401
    async with listening(app, "/api/events?color=red") as listener:
        assert listener.status == 422
    async with listening(app, "/api/events", key=ANNS_KEY) as listener:
        assert (await listener.next()).data["id"] == own["id"]
        async with running_worker(environ):
            later = await submit(ann, "diag.noop")
            ends: set[str] = set()
            while len(ends) < 2:
                told = await listener.next()
                assert told.data["id"] in {own["id"], later["id"]}
                ends |= {told.data["id"]} if has_ended(told) else set()
            await reaches(admin, secret["id"], "succeeded")


async def test_an_owner_is_told_of_jobs_that_were_there_before(
    app: ASGIApp, ann: httpx.AsyncClient, redis: Redis
) -> None:
    """Events name no owner: Redis is asked for it, and PostgreSQL where the job is gone from there."""
    waiting, ended = await submit(ann, "diag.noop"), await submit(ann, "diag.noop")
    at = (await redis.xrevrange(keys.EVENTS, count=1))[0][0].decode()
    async with listening(app, "/api/events", key=ANNS_KEY) as listener:
        for _ in (waiting, ended):
            await listener.next()
    await redis.delete(keys.job(ended["id"]), keys.JOB + "unknown")
    # As a script tells it, of jobs that no process remembers.
    told = [
        {"id": job_id, "run": "1", "v": str(2**52 + number), "state": "running", "at": "1", "try": "1"}
        for number, job_id in enumerate([waiting["id"], "unknown", ended["id"]])
    ]
    async with listening(app, "/api/events", key=ANNS_KEY) as listener:
        for _ in (waiting, ended):
            await listener.next()
        await redis.xadd(keys.EVENTS, {"events": codec.dumps(told)})
        assert [(await listener.next()).data["id"] for _ in range(2)] == [waiting["id"], ended["id"]]
    async with listening(app, "/api/events", key=ANNS_KEY, last_id=at) as listener:
        assert [(await listener.next()).data["id"] for _ in range(2)] == [waiting["id"], ended["id"]]


async def test_what_no_event_tells_shows_at_a_heart_beat(
    app: ASGIApp, admin: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments that keep the connection alive and say where it is; meanwhile the job is looked at again."""
    monkeypatch.setattr(follower, "HEART_BEAT_S", 0.1)
    job, other = await submit(admin, "diag.noop"), await submit(admin, "diag.noop")
    async with listening(app, stream_of(job)) as listener:
        first = await listener.next()
        await admin.post(f"/api/jobs/{other['id']}/cancel")

        async def has_moved_on() -> bool:
            return listener.comments > 1 and listener.last_id not in {None, first.id}

        await eventually(has_moved_on)
        await database.execute("UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE id = $1", job["id"])
        (told,) = await listener.rest()
        assert (told.data["id"], told.state) == (job["id"], "cancelled")
    assert listener.last_id is not None
    assert listener.last_id.endswith(":end")


async def test_one_connection_reads_for_all(app: ASGIApp, admin: httpx.AsyncClient, redis: Redis) -> None:
    """It begins with the first who follows, and reads no more when the last has gone."""

    async def readers() -> int:
        return sum(
            client["cmd"] in {"xread", "xrange"} and "b" in client["flags"] for client in await redis.client_list()
        )

    async def one_reads() -> bool:
        return await readers() == 1

    async def nobody_reads() -> bool:
        return not await readers()

    job = await submit(admin, "diag.noop")
    assert await nobody_reads()
    async with listening(app, stream_of(job)) as first, listening(app, "/api/events") as second:
        await first.next()
        await second.next()
        await eventually(one_reads)
    await eventually(nobody_reads)


async def test_head_is_answered_at_once(admin: httpx.AsyncClient) -> None:
    """Who asks for the head alone is not kept."""
    answer = await admin.head("/api/events")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
