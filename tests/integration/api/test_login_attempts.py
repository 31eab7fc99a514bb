"""Guessing passwords: the more attempts under a name, the longer until the next one, whatever Redis does."""

import asyncio

import httpx
import pytest
from redis.asyncio import Redis

from app.attempts import FREE, LONGEST_S, Attempts, pause_s
from app.keys import attempts as attempts_key
from app.problems import RATE_LIMITED
from app.stores.attempts import AttemptStore
from jobs.stores.redis import connect_redis
from tests.chaos.outages import hung, stopped
from tests.integration.api.test_login import attempt
from tests.support.conditions import eventually
from tests.support.limits import redis_us
from tests.support.people import PASSWORD, Person, new_user, sending
from tests.support.servers import Servers
from tests.support.site import running_web


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give a user."""
    return await new_user(web, "ann")


async def keep_out(redis: Redis, username: str, seconds: float) -> None:
    """Let nobody try a name for so long from now: the first pause may be over before the next attempt."""
    open_ms = await redis_us(redis) // 1000 + round(1000 * seconds)
    await redis.hset(attempts_key(username), "open_ms", str(open_ms))  # type: ignore[misc]


@pytest.mark.usefixtures("counted_in_redis")
async def test_guessing_gets_slower_for_names_that_there_are_and_are_not(
    web: httpx.AsyncClient, ann: Person, redis: Redis
) -> None:
    """After five attempts 429 with the seconds to wait, even with the right password. Keys go on."""
    for name in (ann.username, "nobody"):
        assert [(await attempt(web, name)).status_code for _ in range(FREE)] == [401] * FREE
        await keep_out(redis, name, LONGEST_S)
        answers = await asyncio.gather(*(attempt(web, name) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [429] * 5
    answer = await attempt(web, ann.username, PASSWORD)
    assert (answer.status_code, answer.json()["type"]) == (429, RATE_LIMITED.type)
    assert 0 < int(answer.headers["retry-after"]) <= LONGEST_S
    with ann.asking(web):
        assert (await web.get("/api/auth/me")).status_code == 200


@pytest.mark.usefixtures("counted_in_redis")
async def test_all_guesses_at_once_are_no_more_than_one_after_the_other(redis: Redis) -> None:
    """Each is counted before its password is looked at."""
    attempts = Attempts(AttemptStore(redis))

    async def at_once() -> list[float] | None:
        await redis.flushdb()
        began_us = await redis_us(redis)
        waits = await asyncio.gather(*(attempts.begin("ann") for _ in range(20)))
        took_s = (await redis_us(redis) - began_us) / 1_000_000
        return waits if took_s < pause_s(FREE) else None  # else the pause was over before the last

    waits = await eventually(at_once)
    assert sorted(wait > 0 for wait in waits) == [False] * FREE + [True] * 15


@pytest.mark.usefixtures("counted_in_redis")
async def test_who_waits_as_long_as_he_is_told_gets_in(web: httpx.AsyncClient, ann: Person, redis: Redis) -> None:
    """And his attempts are forgotten."""
    for _ in range(FREE):
        await attempt(web, ann.username)
    await keep_out(redis, ann.username, 2)
    answer = await attempt(web, ann.username, PASSWORD)
    await asyncio.sleep(int(answer.headers["retry-after"]))
    assert (await attempt(web, ann.username, PASSWORD)).status_code == 200
    assert [(await attempt(web, ann.username)).status_code for _ in range(FREE)] == [401] * FREE


@pytest.mark.usefixtures("counted_in_redis")
async def test_pauses_grow(redis: Redis) -> None:
    """1 s, 2 s, 4 s, ... up to a minute, by Redis' clock. Who must wait is not counted; what is kept goes by itself."""
    assert [pause_s(count) for count in (1, 4, 5, 6, 7, 10, 11, 1000)] == [0, 0, 1, 2, 4, 32, LONGEST_S, LONGEST_S]
    attempts = Attempts(AttemptStore(redis))
    for count, pause in enumerate((0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60), start=1):
        began_us = await redis_us(redis)
        assert await attempts.begin("ann") == 0
        wait_s = await attempts.begin("ann")
        took_ms = await redis_us(redis) // 1000 - began_us // 1000
        assert max(1000 * pause - took_ms, 0) <= round(1000 * wait_s) <= 1000 * pause
        (key,) = [key async for key in redis.scan_iter()]
        assert 0 < await redis.pttl(key) <= 900_000
        assert int(await redis.hget(key, "count")) == count + (wait_s == 0)  # type: ignore[misc]
        await redis.hset(key, mapping={"count": count, "open_ms": 0})  # type: ignore[misc]


async def test_without_redis_each_process_counts_for_itself() -> None:
    """By the same rule, and in bounded memory."""
    redis, now = connect_redis("redis://127.0.0.1:1", patience_s=0.2, retries=0), 0.0
    attempts = Attempts(AttemptStore(redis), clock=lambda: now)
    waits: list[float] = []
    for count in range(1, 13):
        assert await attempts.begin("ann") == 0
        wait = await attempts.begin("ann") if count >= FREE else 0
        waits.append(wait)
        now += wait
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    now += 1000
    assert [await attempts.begin("ann") for _ in range(FREE)] == [0] * FREE
    await redis.aclose(close_connection_pool=True)


async def test_redis_away_or_hung_keeps_nobody_out(
    environ: dict[str, str], servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor lets it anybody guess on."""
    # The longest pause at once: the first may be over before the next attempt.
    monkeypatch.setattr("app.attempts.pause_s", lambda count: LONGEST_S if pause_s(count) else 0.0)
    async with running_web({**environ, "RATELIMIT_DEADLINE_MS": "100"}) as web:
        ann = await new_user(web, "ann")
        with sending(web, None):
            async with stopped(servers.redis):
                assert (await attempt(web, ann.username, PASSWORD)).status_code == 200
                statuses = [(await attempt(web, ann.username)).status_code for _ in range(FREE + 1)]
                assert statuses == [401] * FREE + [429]
            async with hung(servers.redis):
                assert (await attempt(web, "bob")).status_code == 401
