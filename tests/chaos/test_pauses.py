"""A queue that is to rest rests, and one that is to go on goes on, whichever store is restarted meanwhile."""

import httpx
import pytest

from jobs.model import State
from tests.chaos.outages import killed, stopped
from tests.support.conditions import eventually, reaches
from tests.support.servers import Servers
from tests.support.site import end_of, running_worker, submit


async def _assert_rests(web: httpx.AsyncClient, job_id: str) -> None:
    """Expect that jobs of another queue start, and this one does not."""
    other = await submit(web, "diag.noop", queue="scheduled")
    await reaches(web, other["id"], "succeeded", within_s=20)
    shown = (await web.get(f"/api/jobs/{job_id}")).json()
    assert (shown["state"], shown["started_at"]) == (State.QUEUED, None)


@pytest.mark.parametrize("store", ["redis", "postgres"])
async def test_a_paused_queue_rests_through_a_restart(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, store: str
) -> None:
    """What runs goes on meanwhile; afterwards it goes on when it is told to."""
    server = servers.redis if store == "redis" else servers.postgres
    async with running_worker(environ):
        running = await submit(web, "diag.sleep", {"seconds": 2.0})
        await reaches(web, running["id"], "running")
        assert (await web.post("/api/queues/data_sync/pause")).status_code == 200
        waiting = await submit(web, "diag.noop")
        async with (stopped if store == "redis" else killed)(server):
            pass
        await _assert_rests(web, waiting["id"])
        await reaches(web, running["id"], "succeeded", within_s=20)
        assert (await web.post("/api/queues/data_sync/resume")).status_code == 200
        assert (await end_of(web, waiting["id"]))["state"] == "succeeded"


async def test_redis_is_told_when_it_is_back(web: httpx.AsyncClient, environ: dict[str, str], servers: Servers) -> None:
    """Of a pause that began while it was away, and of one that ended then, by the workers, within some seconds."""

    async def is_paused() -> bool:
        shown = (await web.get("/api/queues")).json()["items"]
        return any(queue["name"] == "data_sync" and queue["paused"] for queue in shown)

    async with running_worker(environ):
        async with stopped(servers.redis):
            assert (await web.post("/api/queues/data_sync/pause")).status_code == 200
        await eventually(is_paused, within_s=15)
        waiting = await submit(web, "diag.noop")
        await _assert_rests(web, waiting["id"])
        async with stopped(servers.redis):
            assert (await web.post("/api/queues/data_sync/resume")).status_code == 200
        assert (await reaches(web, waiting["id"], "succeeded", within_s=20))["tries"] == 1
