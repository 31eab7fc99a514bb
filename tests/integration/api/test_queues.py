"""/api/queues and /api/workers: how queues do, who works, pausing and going on."""

import asyncio
import os
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.site import SLOTS, end_of, running_worker, submit


async def _queue(web: httpx.AsyncClient, name: str = "data_sync") -> dict[str, object]:
    answer = await web.get("/api/queues")
    assert answer.status_code == 200, answer.text
    (found,) = (queue for queue in answer.json()["items"] if queue["name"] == name)
    return dict(found)


async def test_an_idle_site_shows_its_queues(web: httpx.AsyncClient) -> None:
    """All that a task names, with nothing in them."""
    assert await _queue(web) == {
        "name": "data_sync",
        "paused": False,
        "ready": 0,
        "delayed": 0,
        "parked": 0,
        "quarantined": 0,
        "running": 0,
        "slots": 0,
        "workers": 0,
        "oldest_wait_s": None,
        "started_per_s": 0.0,
    }
    assert (await web.get("/api/workers")).json() == {"items": [], "next_cursor": None}


async def test_what_waits_is_counted_by_band(web: httpx.AsyncClient) -> None:
    """And how long the oldest of the next has waited."""
    await submit(web, "diag.noop")
    await submit(web, "diag.noop", delay_s=60)
    await asyncio.sleep(0.02)
    queue = await _queue(web)
    assert (queue["ready"], queue["delayed"]) == (1, 1)
    waited_s = queue["oldest_wait_s"]
    assert isinstance(waited_s, float)
    assert 0.02 <= waited_s < 60


async def test_a_worker_shows_itself_and_leaves(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """With its slots in use, while it runs; a stopped one is gone at once."""
    async with running_worker(environ):
        job = await submit(web, "diag.sleep", {"seconds": 2.5})

        async def is_seen() -> bool:
            return bool((await _queue(web))["running"] == 1)

        await eventually(is_seen, within_s=10)
        queue = await _queue(web)
        assert (queue["slots"], queue["workers"], queue["delayed"]) == (SLOTS["data_sync"], 1, 0)
        (worker,) = (await web.get("/api/workers")).json()["items"]
        assert worker["pid"] == os.getpid()
        assert worker["queues"]["data_sync"] == {"slots": SLOTS["data_sync"], "running": 1}
        assert "diag.sleep" in worker["tasks"]
        assert worker["started_at"].endswith("Z")
        assert (await end_of(web, job["id"]))["state"] == "succeeded"
    assert (await web.get("/api/workers")).json()["items"] == []


async def test_a_queue_rests_and_goes_on(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """What runs goes on, nothing starts; twice is no mistake. Other queues are not concerned."""
    async with running_worker(environ):
        running = await submit(web, "diag.sleep", {"seconds": 2.0})

        async def has_started() -> bool:
            return bool((await web.get(f"/api/jobs/{running['id']}")).json()["state"] == "running")

        await eventually(has_started, within_s=10)
        for _ in range(2):
            answer = await web.post("/api/queues/data_sync/pause")
            assert (answer.status_code, answer.json()) == (200, {"name": "data_sync", "paused": True})
        waiting = await submit(web, "diag.noop")
        other = await submit(web, "diag.noop", queue="scheduled")
        assert (await end_of(web, other["id"]))["state"] == "succeeded"
        assert (await end_of(web, running["id"]))["state"] == "succeeded"
        assert (await _queue(web))["paused"] is True
        assert (await web.get(f"/api/jobs/{waiting['id']}")).json()["state"] == "queued"
        for _ in range(2):
            answer = await web.post("/api/queues/data_sync/resume")
            assert (answer.status_code, answer.json()) == (200, {"name": "data_sync", "paused": False})
        assert (await end_of(web, waiting["id"]))["state"] == "succeeded"


async def test_an_emptied_redis_does_not_let_a_queue_go_on(
    web: httpx.AsyncClient, environ: dict[str, str], redis_url: str
) -> None:
    """The workers tell it what PostgreSQL says, and let go on what that knows nothing of."""
    await web.post("/api/queues/data_sync/pause")
    redis: Any = Redis.from_url(redis_url)
    await redis.flushdb()
    await redis.hset(keys.PAUSED, "scheduled", "1")
    async with running_worker(environ):

        async def is_right() -> bool:
            return bool(await redis.hkeys(keys.PAUSED) == [b"data_sync"])

        await eventually(is_right, within_s=10)
    await redis.aclose()


@pytest.mark.parametrize("does", ["pause", "resume"])
async def test_there_is_no_such_queue(web: httpx.AsyncClient, database: Database, does: str) -> None:
    """404 names those that there are; nothing is written down."""
    answer = await web.post(f"/api/queues/nowhere/{does}")
    assert answer.status_code == 404
    assert "data_sync" in answer.json()["detail"]
    assert await database.fetch("SELECT FROM paused_queues") == []
    assert (await web.get(f"/api/queues/data_sync/{does}")).status_code == 405
