"""/metrics of requests: by route, over all web processes, whatever is asked for and whatever Redis does meanwhile."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app.routes import ROUTES
from deploy.local.redis import RedisServer
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.limits import apps
from tests.support.metrics import Samples, is_whole, samples_of, scrape, value_of
from tests.support.site import client_of, quotas, running_web, submit

REQUESTS, SECONDS = "switchyard_http_requests_total", "switchyard_http_request_seconds_count"
JOB = {"method": "GET", "route": "/api/jobs/{id}"}
HEALTH = {"method": "GET", "route": "/healthz"}


@pytest.fixture
async def two(environ: dict[str, str]) -> AsyncIterator[Sequence[ASGIApp]]:
    """Run the applications of two web processes."""
    async with apps(environ, 2) as running:
        yield running


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """Give a Redis that the test may stop."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
    try:
        with RedisServer(folder, durable=True) as redis:
            yield redis
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def counted(client: httpx.AsyncClient, amount: int, name: str = REQUESTS, **labels: str) -> Samples:
    """Wait until so many are shown; give what there is then."""

    async def are_shown() -> Samples | None:
        samples = await scrape(client)
        return samples if samples.get(name, {}).get(frozenset(labels.items())) == amount else None

    return await eventually(are_shown)


async def test_every_route_is_there_before_anybody_has_asked(environ: dict[str, str], redis: Redis) -> None:
    """Also its first failure is a step that can be seen."""

    async def first_look() -> Samples | None:
        await redis.flushdb()  # what was counted by the look before, where a busy machine made that less than whole
        async with running_web(environ) as client:
            text = (await client.get("/metrics")).text
        return samples_of(text) if is_whole(text) else None

    shown = (await eventually(first_look))[REQUESTS]
    for route in ROUTES:
        for method in (route.methods or set()) - {"HEAD"}:
            for status in ("2xx", "4xx", "5xx"):
                assert shown[frozenset({"method": method, "route": route.path, "status": status}.items())] == 0


async def test_either_process_shows_what_both_have_answered(two: Sequence[ASGIApp]) -> None:
    """By the template of the path, and by nothing that a client can choose."""
    async with client_of(two[0]) as one, client_of(two[1]) as other:
        for number, client in enumerate((one, other, other)):
            await client.get(f"/api/jobs/{number:032x}")
            await client.head("/healthz")
            await client.get(f"/nowhere/{number}")
            await client.request("BREW", "/api/jobs")
        for client in (one, other):
            # What was asked last: a process stores in the order in which it has answered.
            samples = await counted(client, 3, method="none", route="/api/jobs", status="4xx")
            assert value_of(samples, REQUESTS, **JOB, status="4xx") == value_of(samples, SECONDS, **JOB) == 3
            assert value_of(samples, REQUESTS, **HEALTH, status="2xx") == 3
            assert value_of(samples, REQUESTS, method="none", route="", status="4xx") == 3
    assert not any("nowhere" in str(labels) or "BREW" in str(labels) for labels in samples[REQUESTS])


async def test_who_waits_for_a_job_is_counted_and_not_timed(site: httpx.AsyncClient) -> None:
    """Neither a long poll nor an event stream tells how fast the server is."""
    job = await submit(site, "diag.sleep", {"seconds": 0.2})
    await site.get(f"/api/jobs/{job['id']}", params={"wait_s": 25})
    await site.get(f"/api/jobs/{job['id']}/events")
    samples = await counted(site, 1, method="GET", route="/api/jobs/{id}/events", status="2xx")
    assert value_of(samples, REQUESTS, **JOB, status="2xx") == 1
    timed = {dict(labels)["route"] for labels in samples[SECONDS]}
    assert "/api/jobs" in timed
    assert not timed & {"/api/jobs/{id}", "/api/jobs/{id}/events"}


async def test_what_redis_misses_is_added_when_it_is_back(environ: dict[str, str], own_redis: RedisServer) -> None:
    """And nothing twice."""
    async with running_web({**environ, "REDIS_URL": own_redis.url}) as client:
        await client.get("/healthz")
        await counted(client, 1, **HEALTH, status="2xx")
        async with stopped(own_redis):
            for _ in range(5):
                await client.get("/healthz")
            assert REQUESTS not in samples_of((await client.get("/metrics")).text)
        await counted(client, 6, **HEALTH, status="2xx")


async def test_submissions_that_a_quota_refuses_are_seen(environ: dict[str, str]) -> None:
    """One each, whatever they asked for; they are there from the start."""
    async with running_web({**environ, **quotas(waiting=1)}) as client:
        assert value_of(await scrape(client), "switchyard_quota_refusals_total", quota="waiting") == 0
        await submit(client, "diag.noop")
        batch = {"jobs": [{"task": "diag.noop"}] * 3}
        refused = [
            await client.post("/api/jobs", json={"task": "diag.noop"}),
            await client.post("/api/batches", json=batch),
        ]
        assert [answer.json()["type"] for answer in refused] == ["waiting-quota"] * 2
        await counted(client, 2, "switchyard_quota_refusals_total", quota="waiting")
