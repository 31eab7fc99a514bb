"""Limits that an administrator changes: in force in every process within a second, or refused whole."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app import keys
from jobs.stores.database import Database
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.limits import apps, caller, limited
from tests.support.pulse import beating
from tests.support.servers import Servers

CONFIG = "/api/rate-limit/config"
_WITHIN_S = 1.0


@pytest.fixture
async def two(environ: dict[str, str]) -> AsyncIterator[Sequence[ASGIApp]]:
    """Run two web processes' applications, with the limits of production."""
    async with apps(limited(environ), 2) as running:
        yield running


@pytest.fixture
async def ada(two: Sequence[ASGIApp]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of an administrator's, of the first."""
    async with caller(two[0], "admin:ada") as client:
        yield client


@pytest.fixture
async def nora(two: Sequence[ASGIApp]) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a user's, of the second."""
    async with caller(two[1], "normal:nora") as client:
        yield client


async def _read(client: httpx.AsyncClient) -> tuple[dict[str, Any], str]:
    answer = await client.get(CONFIG)
    assert answer.status_code == 200, answer.text
    return answer.json()["limits"], answer.headers["etag"]


def _with(limits: dict[str, Any], **normal: str) -> dict[str, Any]:
    changed = deepcopy(limits)
    changed["tiers"]["normal"] |= normal
    return changed


async def _put(client: httpx.AsyncClient, limits: dict[str, Any], etag: str | None) -> httpx.Response:
    return await client.put(CONFIG, json=limits, headers={} if etag is None else {"If-Match": etag})


async def _limit_is(client: httpx.AsyncClient, limit: int) -> int:
    """Ask until this is the limit, which is soon; give how often. How late this loop was itself does not count."""
    asked = 0

    async def is_so() -> bool:
        nonlocal asked
        asked += 1
        return (await client.get("/api/tasks")).headers["x-ratelimit-limit"] == str(limit)

    began = time.monotonic()
    async with beating() as pulse:
        await eventually(is_so)
    assert time.monotonic() - began - pulse.latest_s < _WITHIN_S
    return asked


async def test_they_begin_with_those_of_the_settings(ada: httpx.AsyncClient) -> None:
    """Version 0, which nobody has made."""
    answer = await ada.get(CONFIG)
    assert answer.headers["etag"] == '"0"'
    assert (answer.json()["version"], answer.json()["changed_by"]) == (0, None)
    assert answer.json()["limits"]["tiers"]["normal"] == {
        "default": "60/minute",
        "data_sync": "30/minute",
        "auth": "5/minute",
    }
    assert answer.json()["limits"]["endpoints"] == {
        "sync_single": "10/minute",
        "sync_batch": "5/minute",
        "sync_full": "3/minute",
    }


async def test_a_change_is_in_force_everywhere_and_what_was_used_stays_used(
    ada: httpx.AsyncClient, nora: httpx.AsyncClient
) -> None:
    """What was used of 60 is used of 80 and of 20, of which nothing is left. The log tells who did it."""
    began = time.monotonic()
    for _ in range(30):
        assert (await nora.get("/api/tasks")).status_code == 200
    limits, etag = await _read(ada)
    changed = await _put(ada, _with(limits, default="80/minute"), etag)
    assert (changed.status_code, changed.headers["etag"]) == (200, '"1"')
    assert changed.json()["changed_by"] == "ada"
    used = 31 + await _limit_is(nora, 80)
    left = int((await nora.get("/api/tasks")).headers["x-ratelimit-remaining"])
    assert 80 - used <= left <= 80 - used + 2 * (time.monotonic() - began) + 1
    assert (await _put(ada, _with(limits, default="20/minute"), '"1"')).status_code == 200
    await _limit_is(nora, 20)
    assert (await nora.get("/api/tasks")).status_code == 429
    entries = (await ada.get("/api/audit")).json()["items"]
    assert [entry["action"] for entry in entries] == ["rate_limits.change"] * 2
    assert entries[1]["details"]["limits"]["tiers"]["normal"]["default"] == "80/minute"


async def test_a_bad_document_is_refused_whole(ada: httpx.AsyncClient) -> None:
    """Whatever is wrong with it, each mistake by its place, and nothing of it is taken."""
    limits, etag = await _read(ada)
    several = _with(limits, default="often", auth="0/minute")
    answer = await _put(ada, {**several, "ip_guard": "9/minute"}, etag)
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/tiers/normal/default",
        "/tiers/normal/auth",
    }
    for bad in (
        {**limits, "ip_guard": "1/minute; 2/hour"},
        {**limits, "ip_guard": f"{10**15 + 1}/minute"},
        {**limits, "colour": "red"},
        {name: part for name, part in limits.items() if name != "endpoints"},
        {**limits, "tiers": {**limits["tiers"], "root": limits["tiers"]["admin"]}},
        {**limits, "ip_guard": 5},
    ):
        assert (await _put(ada, bad, etag)).status_code == 422, bad
    assert await _read(ada) == (limits, etag)


async def test_only_who_has_read_the_current_version_replaces_it(ada: httpx.AsyncClient) -> None:
    """428 without If-Match, 412 with another version's; of two at once one is told that he was late."""
    limits, etag = await _read(ada)
    refused = await _put(ada, limits, None)
    assert (refused.status_code, refused.json()["type"]) == (428, "precondition-required")
    for other in ('"7"', "nonsense", 'W/"0"'):
        refused = await _put(ada, limits, other)
        assert (refused.status_code, refused.json()["type"]) == (412, "precondition-failed"), other
    assert (await _put(ada, limits, etag)).status_code == 200
    assert (await _put(ada, limits, etag)).status_code == 412
    assert (await _put(ada, limits, '"9", "1"')).status_code == 200
    assert (await _put(ada, limits, "*")).headers["etag"] == '"3"'


async def test_they_are_for_administrators(nora: httpx.AsyncClient) -> None:
    """Others get 403, but for how they stand themselves."""
    for method, path in (
        ("GET", "config"),
        ("GET", "stats"),
        ("DELETE", "stats"),
        ("GET", "events"),
        ("GET", "anomalies"),
    ):
        assert (await nora.request(method, f"/api/rate-limit/{path}")).status_code == 403, path
    assert (await _put(nora, {}, '"0"')).status_code == 403
    assert (await nora.get("/api/rate-limit/my-info")).json()["tier"] == "normal"


async def test_redis_may_lose_its_copy(ada: httpx.AsyncClient, nora: httpx.AsyncClient, redis: Redis) -> None:
    """What is in force stays in force, and Redis gets it back; an older copy does not last either."""
    limits, etag = await _read(ada)
    before = await redis.get(keys.LIMITS)
    await _put(ada, _with(limits, default="80/minute"), etag)
    await _limit_is(nora, 80)
    after = await redis.get(keys.LIMITS)
    await redis.flushdb()

    async def is_back() -> bool:
        return bool(await redis.get(keys.LIMITS) == after)

    await eventually(is_back)
    await _limit_is(nora, 80)
    await redis.set(keys.LIMITS, before)
    await eventually(is_back)
    await _limit_is(nora, 80)


async def test_without_redis_postgresql_tells_all_processes(
    ada: httpx.AsyncClient, nora: httpx.AsyncClient, servers: Servers
) -> None:
    """And Redis is told when it is back."""
    limits, etag = await _read(ada)
    async with stopped(servers.redis):
        assert (await _put(ada, _with(limits, default="80/minute"), etag)).status_code == 200

        async def is_so() -> bool:
            return (await nora.get("/api/tasks")).headers["x-ratelimit-limit"] == "80"

        await eventually(is_so)
    await _limit_is(nora, 80)


async def test_a_redis_that_takes_no_copy_brings_nothing_back(
    two: Sequence[ASGIApp], ada: httpx.AsyncClient, redis: Redis
) -> None:
    """What was changed while it could only be read stays changed, though it still has the former copy."""
    limits, etag = await _read(ada)
    await redis.config_set("min-replicas-to-write", 1)
    try:
        assert (await _put(ada, _with(limits, default="80/minute"), etag)).status_code == 200
        async with caller(two[0], "normal:ned") as ned:
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                assert (await ned.get("/api/tasks")).headers["x-ratelimit-limit"] == "80"
                await asyncio.sleep(0.01)  # without Redis a request waits for nothing, and nobody else has a turn
    finally:
        await redis.config_set("min-replicas-to-write", 0)


async def test_without_postgresql_nothing_is_changed_and_the_copy_counts(
    environ: dict[str, str], ada: httpx.AsyncClient, redis_url: str
) -> None:
    """A process that starts meanwhile has what is in force."""
    limits, etag = await _read(ada)
    await _put(ada, _with(limits, default="80/minute"), etag)
    away = limited(environ, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing", REDIS_URL=redis_url)
    async with apps(away, 1) as (app,):
        async with caller(app, "normal:nora") as nora:
            assert (await nora.get("/api/tasks")).headers["x-ratelimit-limit"] == "80"
        async with caller(app, "admin:ada") as admin:
            assert (await _put(admin, limits, '"1"')).status_code == 503


async def test_a_document_of_a_later_version_is_not_taken(
    ada: httpx.AsyncClient, nora: httpx.AsyncClient, database: Database, redis: Redis
) -> None:
    """What this one cannot read leaves in force what was."""
    await database.execute('UPDATE rate_limits SET version = 7, document = \'{"colour": "red"}\'')
    await redis.delete(keys.LIMITS)

    async def is_copied() -> bool:
        return b"colour" in (await redis.get(keys.LIMITS) or b"")

    await eventually(is_copied)
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        assert (await nora.get("/api/tasks")).headers["x-ratelimit-limit"] == "60"
    limits, etag = await _read(ada)
    assert etag == '"0"'
    assert (await _put(ada, limits, "*")).status_code == 200
