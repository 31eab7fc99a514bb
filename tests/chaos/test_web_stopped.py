"""Web processes, real ones, are stopped and killed while they have work."""

import asyncio
import itertools
import random
import signal
import time
from contextlib import AsyncExitStack

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.conditions import eventually, reaches
from tests.support.held import held_port, web_behind
from tests.support.history import all_written
from tests.support.leaks import assert_nobody_has_anything
from tests.support.processes import web_process, worker_process
from tests.support.pulse import beating
from tests.support.servers import Servers
from tests.support.site import ADMIN_KEY, submit

_SOON_S = 2.0
_SUBMISSION = (
    f"POST /api/jobs HTTP/1.1\r\nHost: switchyard\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
    'Content-Type: application/json\r\nContent-Length: 21\r\n\r\n{"task": "diag.noop"}'
).encode()


@pytest.mark.usefixtures("stores_stay")
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
        async with httpx.AsyncClient(base_url=client.base_url, timeout=30) as other:
            await other.get("/healthz")
        async with beating() as pulse:
            began = time.monotonic()
            web.send(signal.SIGTERM)
            answer = await poll
            assert (answer.status_code, answer.json()["state"]) == (200, "queued")
            await client.aclose()
            assert await web.ends(within_s=5) in {0, -signal.SIGTERM}
            assert time.monotonic() - began - pulse.latest_s < _SOON_S


@pytest.mark.usefixtures("stores_stay")
async def test_who_has_connected_is_answered_by_a_process_that_stops(environ: dict[str, str]) -> None:
    """On a connection that has carried nothing yet, and on one that was kept: it then ends with the answer.

    This is what nginx meets when it connects just before the stop and is read just after it.
    """
    with held_port() as held:
        async with web_behind(held, environ) as web, AsyncExitStack() as stack:
            doors = [await asyncio.open_connection(*held.getsockname()) for _ in range(2)]
            for _, writer in doors:
                stack.callback(writer.close)
            # Both are accepted before this one's answer: connections are taken in the order in which they come.
            doors[1][1].write(_SUBMISSION)
            status, ends = await _answer(doors[1][0])
            assert (status, ends) == (202, False)
            web.send(signal.SIGTERM)
            await web.says("Shutting down")
            for _, writer in doors:
                writer.write(_SUBMISSION)
            for reader, _ in doors:
                assert await _answer(reader) == (202, True)
                assert await reader.read() == b""
            assert await web.ends(within_s=5) in {0, -signal.SIGTERM}


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


@pytest.mark.usefixtures("stores_stay")
async def test_web_processes_killed_under_load_break_no_promise(
    environ: dict[str, str], redis_url: str, web: httpx.AsyncClient, database: Database
) -> None:
    """Three are killed at random moments of many submissions: what was accepted ends; what broke off may be sent again.

    Each key leads to one job, which runs once, whether its submission was stored, put in line, answered, or neither.
    """
    chance = random.Random(7)  # noqa: S311  no secret
    accepted: dict[str, str] = {}
    broken: list[str] = []
    async with worker_of(environ, {"data_sync": 4}), hasty_recoverer(environ, database):
        for number in range(3):
            async with web_process(environ) as (doomed, client):
                load = [asyncio.create_task(_load(client, f"{number}-{i}", accepted, broken)) for i in range(20)]
                await _grown(accepted, by=chance.randint(20, 120))
                await asyncio.sleep(chance.uniform(0, 0.05))  # the moment is the point
                doomed.send(signal.SIGKILL)
                assert await doomed.ends(within_s=5) == -signal.SIGKILL
                await asyncio.gather(*load)
        assert broken
        await _let_keys_go(redis_url)
        for key in broken:
            accepted[key] = (await _send(web, key)).json()["id"]
        for job_id in accepted.values():
            assert (await reaches(web, job_id, "succeeded", within_s=20))["tries"] == 1
        await all_written(database)
    rows = {row["id"]: row["state"] for row in await database.fetch("SELECT id, state FROM jobs")}
    assert set(rows) == set(accepted.values())
    assert set(rows.values()) == {"succeeded"}
    assert len(rows) == len(accepted)
    async with Redis.from_url(redis_url) as redis:
        await assert_nobody_has_anything(redis)


async def _grown(accepted: dict[str, str], *, by: int) -> None:
    least = len(accepted) + by

    async def enough() -> bool:
        return len(accepted) >= least

    await eventually(enough, within_s=30)


async def _send(client: httpx.AsyncClient, key: str) -> httpx.Response:
    answer = await client.post("/api/jobs", json={"task": "diag.noop"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 202, answer.text
    return answer


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one; give its status, and whether it says that the connection ends with it."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = httpx.Headers(dict(line.split(": ", 1) for line in lines))
    await reader.readexactly(int(headers["content-length"]))
    return int(status.split()[1]), headers.get("connection") == "close"


async def _load(client: httpx.AsyncClient, name: str, accepted: dict[str, str], broken: list[str]) -> None:
    """Submit one job after the other until the connection breaks."""
    for number in itertools.count():
        key = f"{name}-{number}"
        try:
            accepted[key] = (await _send(client, key)).json()["id"]
        except httpx.TransportError:
            broken.append(key)
            return


async def _let_keys_go(redis_url: str) -> None:
    """Let half a minute pass for keys whose submissions died in flight."""
    async with Redis.from_url(redis_url) as redis:
        async for name in redis.scan_iter(f"{keys.IDEMPOTENCY}*"):
            state, _, rest = (await redis.get(name)).decode().split(" ", 2)
            if state == "busy":
                await redis.set(name, f"busy 1 {rest}")
