"""/api/cache: what all processes' caches do, by type, and clearing one."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.metrics import scrape, value_of
from tests.support.people import new_user
from tests.support.servers import Servers
from tests.support.shops import new_shop
from tests.support.site import running_web

STATS = "/api/cache/stats"
ACCOUNTS = "/api/data-sync/accounts"
TYPES = ["active-versions", "component-versions", "shops"]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site whose caches wait: a busy machine may hold Redis up, which would be counted."""
    return {**environ, "JOBS_CACHE_PATIENCE_MS": "20000"}


@pytest.fixture
async def other(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run a second web process' application; give a client of it."""
    async with running_web(environ) as client:
        yield client


async def _shops(client: httpx.AsyncClient) -> Any:  # noqa: ANN401  JSON
    """Give what was counted of shops."""
    (found,) = [one for one in (await client.get(STATS)).json()["items"] if one["type"] == "shops"]
    return found


async def test_all_types_are_there_before_anything_was_read(web: httpx.AsyncClient) -> None:
    """At zero, and without a rate."""
    items = (await web.get(STATS)).json()["items"]
    assert [one["type"] for one in items] == TYPES
    assert items[2] == {"type": "shops", "hits": 0, "misses": 0, "sets": 0, "errors": 0, "hit_rate": None}


async def test_lists_are_kept_for_five_minutes_at_most(web: httpx.AsyncClient, redis_url: str) -> None:
    """And a tenth less at least, so that what was read at once does not expire at once."""
    for path in (ACCOUNTS, "/api/data-sync/component-versions"):
        assert (await web.get(path)).status_code == 200
    async with Redis.from_url(redis_url) as redis:
        left = [await redis.pttl(name) async for name in redis.scan_iter(f"{keys.CACHE_VALUE}*")]
    assert len(left) == 2
    assert all(240_000 < left_ms <= 300_000 for left_ms in left), left


async def test_reads_of_all_processes_are_counted(web: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    """In any process' answer, and in its metrics, within about a second."""
    for client in (web, web, other, other):
        assert (await client.get(ACCOUNTS)).status_code == 200

    async def are_counted() -> bool:
        return [(await _shops(client))["hits"] for client in (web, other)] == [3, 3]

    await eventually(are_counted)
    assert await _shops(web) == {"type": "shops", "hits": 3, "misses": 1, "sets": 1, "errors": 0, "hit_rate": 0.75}
    samples = await scrape(other)
    for name, count in {"hits": 3, "misses": 1, "sets": 1, "errors": 0}.items():
        assert value_of(samples, f"switchyard_cache_{name}_total", type="shops") == count
        assert value_of(samples, f"switchyard_cache_{name}_total", type="active-versions") == 0


async def test_a_type_that_is_cleared_is_read_again_by_every_process(
    web: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    """The others stay; the audit log says who did it."""
    for client in (web, other):
        await client.get(ACCOUNTS)
        await client.get("/api/data-sync/component-versions")
    answer = await web.delete("/api/cache/shops")
    assert (answer.status_code, answer.content) == (204, b"")
    for client in (other, web):
        await client.get(ACCOUNTS)
        await client.get("/api/data-sync/component-versions")

    async def are_counted() -> bool:
        items = (await web.get(STATS)).json()["items"]
        return [(one["misses"], one["hits"]) for one in items] == [(0, 0), (1, 3), (2, 2)]

    await eventually(are_counted)
    (entry,) = (await web.get("/api/audit", params={"action": "cache.clear"})).json()["items"]
    assert (entry["actor"], entry["object_type"], entry["object_id"]) == ("admin", "cache", "shops")


async def test_a_type_that_there_is_not_is_not_found(web: httpx.AsyncClient) -> None:
    """404 says which there are, and nothing is written down; `stats` is none."""
    answer = await web.delete("/api/cache/nothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
    assert all(name in answer.json()["detail"] for name in TYPES)
    assert (await web.delete(STATS)).status_code == 405
    assert (await web.get("/api/audit", params={"action": "cache.clear"})).json()["items"] == []


async def test_clearing_is_for_administrators(web: httpx.AsyncClient) -> None:
    """Reading what was counted is not."""
    ann = await new_user(web, "ann")
    with ann.asking(web):
        assert (await web.delete("/api/cache/shops")).status_code == 403
        assert (await web.delete("/api/cache/nothing")).status_code == 403
        assert (await web.get(STATS)).status_code == 200


async def test_without_redis_there_are_no_statistics_but_clearing_is_taken(
    web: httpx.AsyncClient, servers: Servers
) -> None:
    """503, and the metrics leave it out; what was counted meanwhile is added when Redis is back."""
    await new_shop(web)
    await web.get(ACCOUNTS)
    async with stopped(servers.redis):
        answer = await web.get(STATS)
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
        assert (await web.delete("/api/cache/shops")).status_code == 204
        assert (await web.get(ACCOUNTS)).status_code == 200
        assert "switchyard_cache_hits_total{" not in (await web.get("/metrics")).text

    async def is_back() -> bool:
        answer = await web.get(STATS)
        return answer.status_code == 200 and (await _shops(web))["misses"] >= 1

    await eventually(is_back)
