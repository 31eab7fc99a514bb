"""Those who follow jobs come back: told what they have missed, or anew how things are."""

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from jobs import codec, keys
from tests.support.listening import has_ended, listening, stream_of
from tests.support.site import running_app, running_worker, submit


async def test_who_comes_back_is_told_what_he_has_missed(
    app: ASGIApp, admin: httpx.AsyncClient, environ: dict[str, str]
) -> None:
    """By header or query, each change once, also from the middle of an entry, and by another process."""
    jobs = [await submit(admin, "diag.noop") for _ in range(5)]
    async with listening(app, "/api/events") as listener:
        for _ in jobs:
            await listener.next()
        was_at = listener.last_id
        async with running_worker(environ):
            ends: set[str] = set()
            while len(ends) < len(jobs):
                told = await listener.next()
                ends |= {told.data["id"]} if has_ended(told) else set()
                if len(ends) == 1:
                    middle = listener.last_id
    async with listening(app, "/api/events", last_id=was_at) as again:
        missed = [await again.next() for _ in range(10)]
    assert [one.name for one in missed] == ["job"] * 10
    assert {one.data["id"] for one in missed if one.state == "succeeded"} == {job["id"] for job in jobs}
    after = [one.id for one in missed]
    after = after[after.index(middle) + 1 :]
    async with running_app(environ) as other, listening(other, f"/api/events?last_event_id={middle}") as again:
        assert [(await again.next()).id for _ in after] == after


async def test_who_comes_back_late_is_told_all_the_same(app: ASGIApp, admin: httpx.AsyncClient, redis: Redis) -> None:
    """From further back than a process remembers: as far as Redis does."""
    job = await submit(admin, "diag.noop")
    async with listening(app, "/api/events") as listener:
        await listener.next()
    event = {"id": job["id"], "run": "1", "state": "running", "at": "1", "try": "1"}
    for version in range(1, 301):
        await redis.xadd(keys.EVENTS, {"events": codec.dumps([{**event, "v": str(version)}, {"of": "somebody else"}])})
    for path in ("/api/events", stream_of(job)):
        async with listening(app, path, last_id=listener.last_id) as again:
            assert [(await again.next()).data["seq"] for _ in range(300)] == list(range(1, 301))


@pytest.mark.parametrize("last_id", ["nonsense", "1-1", "9999999999999-0:3", "1-1:end", "-", "0" * 500])
async def test_an_id_that_is_not_known_begins_anew(app: ASGIApp, admin: httpx.AsyncClient, last_id: str) -> None:
    """Too old, of another site, or no id at all: `reset`, and then how things are."""
    job = await submit(admin, "diag.noop")
    for path in (stream_of(job), "/api/events"):
        async with listening(app, path, last_id=last_id) as listener:
            reset, shown = await listener.next(), await listener.next()
        assert (reset.name, reset.data) == ("reset", {"reason": "unknown"})
        assert (shown.data["id"], shown.state) == (job["id"], "queued")


async def test_a_browser_stops_coming_back_to_what_has_ended(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """The stream of an ended job is its state alone; who comes back with that gets 204, unless it was retried."""
    job = await submit(admin, "diag.noop")
    async with listening(app, stream_of(job)) as listener:
        await listener.next()
        waiting_at = listener.last_id
        await admin.post(f"/api/jobs/{job['id']}/cancel")
        (told,) = await listener.rest()
        assert told.state == "cancelled"
    async with listening(app, stream_of(job), last_id=listener.last_id) as listener:
        (told,) = await listener.rest()
        assert told.state == "cancelled"
    ended_at = listener.last_id
    async with listening(app, stream_of(job), last_id=ended_at) as listener:
        assert (listener.status, await listener.rest()) == (204, [])
    async with listening(app, stream_of(job), last_id=waiting_at) as listener:
        assert [one.state for one in await listener.rest()] == ["cancelled"]
    await admin.post(f"/api/jobs/{job['id']}/retry")
    async with listening(app, stream_of(job), last_id=ended_at) as listener:
        told = await listener.next()
        assert (told.state, told.data["run"]) == ("queued", 2)


async def test_who_follows_all_is_never_told_that_it_is_over(app: ASGIApp, admin: httpx.AsyncClient) -> None:
    """Not even by the id of a job's end, while nothing is unfinished: there may be more jobs."""
    job = await submit(admin, "diag.noop")
    await admin.post(f"/api/jobs/{job['id']}/cancel")
    async with listening(app, stream_of(job)) as listener:
        await listener.rest()
    async with listening(app, "/api/events", last_id=listener.last_id) as again:
        assert again.status == 200


async def test_an_emptied_redis_is_told_as_reset(app: ASGIApp, admin: httpx.AsyncClient, redis: Redis) -> None:
    """Whoever follows is shown anew how things are, though the connection to Redis was never lost."""
    job = await submit(admin, "diag.noop")
    async with listening(app, stream_of(job)) as one, listening(app, "/api/events") as all_:
        assert (await one.next()).data["id"] == (await all_.next()).data["id"] == job["id"]
        was_at = one.last_id
        await redis.flushdb()
        for listener in (one, all_):
            reset, shown = await listener.next(), await listener.next()
            assert (reset.name, reset.data) == ("reset", {"reason": "lost"})
            assert shown.data["id"] == job["id"]
    async with listening(app, stream_of(job), last_id=was_at) as listener:
        assert (await listener.next()).data == {"reason": "unknown"}
