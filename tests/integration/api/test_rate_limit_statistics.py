"""What is counted of requests, over all web processes: by minute and route, denials, keys that stand out, metrics."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app import keys
from app.stores.rate_statistics import MOST_DENIALS, MOST_KEYS, RateStatistics
from jobs.stores.database import Database
from ratelimit.bucket import Backend, BucketRequest, BucketState, Decision, Limit
from ratelimit.ledger import MOST_DENIALS as MOST_OF_A_PAGE
from ratelimit.ledger import Ledger
from ratelimit.policy import Subject, Tier
from tests.chaos.outages import stopped
from tests.support.conditions import eventually
from tests.support.limits import apps, caller, limited
from tests.support.metrics import scrape, value_of
from tests.support.servers import Servers

_LIMIT = Limit(amount=60, period_s=60, burst=60)


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


async def _counts(client: httpx.AsyncClient, route: str) -> tuple[int, int, int]:
    """Sum up what was counted of a route: allowed, denied, exempt."""
    items = (await client.get("/api/rate-limit/stats")).json()["items"]
    of_route = [item for item in items if item["route"] == route]
    allowed, denied, exempt = (sum(item[outcome] for item in of_route) for outcome in ("allowed", "denied", "exempt"))
    return allowed, denied, exempt


async def test_requests_are_counted_by_route_over_all_processes(two: Sequence[ASGIApp], ada: httpx.AsyncClient) -> None:
    """Allowed, denied and exempt, by the template of the path, whatever stands in it."""
    for number, app in enumerate(two):
        async with caller(app, "normal:nora") as nora:
            for job in range(3):
                await nora.get(f"/api/jobs/{number}-{job}")
            for _ in range(6):
                await nora.post("/api/data-sync/single", json={})
            await nora.get(f"/nowhere/{number}")
            await nora.get("/healthz")

    async def are_counted() -> bool:
        # What was asked last: a process stores in the order in which it has answered.
        return await _counts(ada, "GET /healthz") == (0, 0, 2)

    await eventually(are_counted)
    assert await _counts(ada, "POST /api/data-sync/single") == (10, 2, 0)
    assert await _counts(ada, "GET /api/jobs/{id}") == (6, 0, 0)
    assert await _counts(ada, "none") == (2, 0, 0)
    shown = await scrape(ada)
    name = "switchyard_rate_limit_requests_total"
    assert value_of(shown, name, policy="sync_single", tier="normal", outcome="denied", backend="redis") >= 1


async def test_denials_are_told_with_who_and_where(two: Sequence[ASGIApp], ada: httpx.AsyncClient) -> None:
    """Those of the same moment together; the query says how many of them."""
    async with caller(two[1], "normal:nora") as nora:
        for _ in range(15):
            await nora.post("/api/data-sync/single", json={})

    async def denied() -> list[dict[str, Any]]:
        return list((await ada.get("/api/rate-limit/events")).json()["items"])

    first, *_ = await eventually(denied)
    assert (first["rate_limit_key"], first["policy"]) == ("user:nora", "sync_single")
    assert first["route"] == "POST /api/data-sync/single"

    async def are_all_told() -> bool:
        return bool(sum(item["count"] for item in await denied()) == 5)

    await eventually(are_all_told)
    assert len((await ada.get("/api/rate-limit/events", params={"limit": 1})).json()["items"]) == 1


async def test_a_key_that_asks_for_far_more_than_before_stands_out(ada: httpx.AsyncClient, redis: Redis) -> None:
    """Beside its own last hour: who always asks for much does not."""
    before, now = {"user:steady": 90, "user:nora": 3}, {"user:steady": 100, "user:nora": 100, "user:quiet": 20}

    async def told_in_one_minute() -> httpx.Response | None:
        minute = int(time.time()) // 60
        async with redis.pipeline() as pipe:
            for back in range(60):
                pipe.delete(keys.busy(minute - back))
                pipe.zadd(keys.busy(minute - back), now if back < 2 else before)
            await pipe.execute()
        answer = await ada.get("/api/rate-limit/anomalies")
        return answer if int(time.time()) // 60 == minute else None

    items = (await eventually(told_in_one_minute)).json()["items"]
    assert [(item["rate_limit_key"], item["per_minute"]) for item in items] == [("user:nora", 100)]
    assert items[0]["baseline"] == 3


async def test_statistics_can_be_cleared(ada: httpx.AsyncClient, database: Database) -> None:
    """With denials and what stands out; the log tells who did it."""
    await ada.get("/api/tasks")

    async def is_counted() -> bool:
        return (await _counts(ada, "GET /api/tasks"))[0] > 0

    await eventually(is_counted)
    assert (await ada.delete("/api/rate-limit/stats")).status_code == 204
    assert await _counts(ada, "GET /api/tasks") == (0, 0, 0)
    (row,) = await database.fetch("SELECT actor, action FROM audit")
    assert tuple(row) == ("ada", "rate_limits.clear")


async def test_without_a_store_nothing_is_cleared(ada: httpx.AsyncClient, servers: Servers) -> None:
    """Nor is it written down that somebody did it."""
    await ada.get("/api/tasks")

    async def is_counted() -> bool:
        return (await _counts(ada, "GET /api/tasks"))[0] > 0

    await eventually(is_counted)
    async with stopped(servers.postgres):
        assert (await ada.delete("/api/rate-limit/stats")).status_code == 503
    assert await is_counted()
    async with stopped(servers.redis):
        assert (await ada.delete("/api/rate-limit/stats")).status_code == 503
    assert (await ada.get("/api/audit", params={"action": "rate_limits.clear"})).json()["items"] == []


async def test_what_is_kept_in_redis_is_bounded(redis: Redis) -> None:
    """However many addresses call, and however many of them are denied; and all of it ends by itself."""
    statistics, ledger = RateStatistics(redis), Ledger()
    for page in range(12):
        for number in range(500):
            subject = Subject.anonymous(f"ip:{page}-{number}")
            request = BucketRequest(policy="default", key=subject.key, limit=_LIMIT)
            state = BucketState(request=request, remaining=0, full_at_s=0, wait_us=1)
            ledger.note(subject, "GET /api/tasks", Decision(admitted=False, states=(state,), backend=Backend.REDIS))
        taken = ledger.take()
        assert len(taken.denials) == MOST_OF_A_PAGE
        await statistics.add(taken)
    names = [name async for name in redis.scan_iter("switchyard:rate:*")]
    for name in names:
        assert await redis.ttl(name) > 0 or name == keys.DECISIONS.encode()
        if name.startswith(keys.KEYS.encode()):
            assert await redis.zcard(name) <= MOST_KEYS
    assert await redis.llen(keys.DENIALS) == MOST_DENIALS  # type: ignore[misc]
    assert await redis.hlen(keys.DECISIONS) == 1  # type: ignore[misc]


async def test_who_always_asks_keeps_his_place_among_many_who_come_once(redis: Redis) -> None:
    """The busiest keys of a minute are those that stay."""
    statistics, ledger = RateStatistics(redis), Ledger()
    admitted = Decision(admitted=True, states=(), backend=Backend.OPEN)
    for number in range(3 * MOST_KEYS):
        ledger.note(Subject.anonymous(f"ip:{number}"), "none", admitted)
        ledger.note(Subject.user("nora", Tier.NORMAL, "ip:x"), "none", admitted)
        if number % 100 == 0:
            await statistics.add(ledger.take())
    await statistics.add(ledger.take())
    now = int(time.time()) // 60
    found = [history.key for history in await statistics.histories(now_minute=now)]
    assert found == ["user:nora"]
