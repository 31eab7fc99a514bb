"""Web processes, real ones, are stopped and killed while they have work."""

import asyncio
import signal
import time

import httpx

from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.conftest import Servers
from tests.support.conditions import reaches
from tests.support.processes import web_process, worker_process
from tests.support.site import submit

_SOON_S = 2.0


async def test_a_stopped_web_process_answers_those_who_wait(environ: dict[str, str]) -> None:
    """At SIGTERM a long poll is answered with the job as it is, and the process ends soon and well."""
    async with web_process(environ) as (web, client):
        job = await submit(client, "diag.noop")
        sent = asyncio.Event()

        async def trace(event: str, _: object) -> None:
            if event == "http11.send_request_body.complete":
                sent.set()

        poll = asyncio.create_task(
            client.get(f"/api/jobs/{job['id']}", params={"wait_s": 25}, extensions={"trace": trace})
        )
        await sent.wait()
        # It is read before a question that comes later on another connection.
        async with httpx.AsyncClient(base_url=client.base_url) as other:
            await other.get("/healthz")
        began = time.monotonic()
        web.send(signal.SIGTERM)
        answer = await poll
        assert (answer.status_code, answer.json()["state"]) == (200, "queued")
        await client.aclose()
        assert await web.ends(within_s=5) in {0, -signal.SIGTERM}
        assert time.monotonic() - began < _SOON_S


async def test_a_job_outlives_the_web_process_that_accepted_it(
    environ: dict[str, str], servers: Servers, web: httpx.AsyncClient, database: Database
) -> None:
    """It was stored and not yet in line when its web process was killed: a worker puts it in line and runs it."""
    async with stopped(servers.redis), web_process(environ) as (doomed, client):
        job = await submit(client, "diag.noop")
        assert job["state"] == "accepted"
        doomed.send(signal.SIGKILL)
        assert await doomed.ends(within_s=5) == -signal.SIGKILL
        await database.execute("UPDATE jobs SET accepted_at = accepted_at - interval '1 minute'")
    async with worker_process(environ):
        ended = await reaches(web, job["id"], "succeeded", within_s=20)
    assert ended["tries"] == 1
