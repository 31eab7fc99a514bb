"""How many unfinished jobs an owner may have: exactly so many, and nothing takes a place for good."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.admit import PLENTY
from jobs.stores.database import Database
from tests.support.site import end_of, quotas, running_web, running_worker, submit

_MOST = 10


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site with a small quota."""
    return {**environ, **quotas(waiting=_MOST)}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the site's Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client


def assert_refused(answer: httpx.Response) -> None:
    """Expect the problem `waiting-quota`, which names the numbers."""
    assert (answer.status_code, answer.json()["type"]) == (429, "waiting-quota")
    assert "0 are free" in answer.json()["detail"]
    assert "10 unfinished" in answer.json()["detail"]


async def test_of_many_at_once_exactly_so_many_are_accepted(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Fifty come to two processes at once; ten have rows, and the others have left none."""
    async with running_web(environ) as other:
        answers = await asyncio.gather(
            *(client.post("/api/jobs", json={"task": "diag.noop"}) for _ in range(25) for client in (web, other))
        )
    assert Counter(answer.status_code for answer in answers) == {202: _MOST, 429: 50 - _MOST}
    assert_refused(next(answer for answer in answers if answer.status_code == 429))
    accepted = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert {row["id"] for row in await database.fetch("SELECT id FROM jobs")} == accepted


async def test_far_from_the_bound_only_some_are_asked_about(environ: dict[str, str], redis: Redis) -> None:
    """Who had many places may go on without a question, but not for more than a 64th of them, nor for long."""
    told = Counter[int]()
    async with running_web({**environ, **quotas(waiting=PLENTY + 1)}) as web:
        for _ in range(30):  # a busy machine may let the second pass
            await redis.delete(keys.reserve("admin"), keys.UNFINISHED + "admin")
            await submit(web, "diag.noop")
            seconds, _ = await redis.time()
            await redis.zadd(keys.reserve("admin"), {f"j{number}": (seconds + 25) * 1000 for number in range(PLENTY)})
            answers = await asyncio.gather(*(web.post("/api/jobs", json={"task": "diag.noop"}) for _ in range(200)))
            if (told := Counter(answer.status_code for answer in answers))[202]:
                break
    assert told.keys() == {202, 429}
    assert told[202] <= PLENTY // 64


async def test_scheduled_jobs_count_and_each_end_frees_a_place(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """However a job ends, its place is another's: cancelled while it waits, or after it has run."""
    later = [await submit(web, "diag.noop", delay_s=3600) for _ in range(_MOST - 1)]
    await submit(web, "diag.noop")
    assert_refused(await web.post("/api/jobs", json={"task": "diag.noop"}))
    await web.post(f"/api/jobs/{later[0]['id']}/cancel")
    last = await submit(web, "diag.noop")
    assert_refused(await web.post("/api/jobs", json={"task": "diag.noop"}))
    async with running_worker(environ):
        await end_of(web, last["id"])
    for _ in range(2):
        await submit(web, "diag.noop", delay_s=3600)
    assert_refused(await web.post("/api/jobs", json={"task": "diag.noop"}))


async def test_what_redis_has_lost_takes_no_place_for_good(web: httpx.AsyncClient, redis: Redis) -> None:
    """Ids without a job are dropped when they would refuse somebody."""
    await redis.zadd(keys.UNFINISHED + "admin", {f"lost{number}": 1 for number in range(_MOST)})
    await submit(web, "diag.noop")
    assert await redis.zcard(keys.UNFINISHED + "admin") == 1


async def test_a_place_of_a_process_that_died_is_free_after_its_lease(web: httpx.AsyncClient, redis: Redis) -> None:
    """Places that are kept for jobs on their way count until their time is over."""
    seconds, _ = await redis.time()
    await redis.zadd(keys.reserve("admin"), {f"j{number}": (seconds + 25) * 1000 for number in range(_MOST)})
    assert_refused(await web.post("/api/jobs", json={"task": "diag.noop"}))
    await redis.zadd(keys.reserve("admin"), {"j0": (seconds - 1) * 1000})
    await submit(web, "diag.noop")


async def test_nothing_keeps_a_place_once_it_is_answered(
    web: httpx.AsyncClient, redis: Redis, database: Database
) -> None:
    """Neither a job that is in line, nor one that has no row after all, nor one whose unique key another has."""
    await submit(web, "diag.noop", unique_key="k")
    same = await asyncio.gather(
        *(web.post("/api/jobs", json={"task": "diag.noop", "unique_key": "k"}) for _ in range(3))
    )
    assert [answer.status_code for answer in same] == [200, 200, 200]
    await database.execute("ALTER TABLE jobs ADD CONSTRAINT no_nines CHECK (priority <> 9)")
    assert (await web.post("/api/jobs", json={"task": "diag.noop", "priority": 9})).status_code == 500
    assert await redis.exists(keys.reserve("admin")) == 0
    assert await redis.zcard(keys.UNFINISHED + "admin") == 1


async def test_above_so_many_unwritten_events_nothing_is_accepted(
    environ: dict[str, str], database: Database, redis: Redis
) -> None:
    """503, as if the store were away that does not take them; there is no row either."""
    async with running_web({**environ, "JOBS_STREAM_MAX": "100"}) as web:
        for _ in range(98):
            await redis.xadd(keys.EVENTS, {"events": "[]"})
        for _ in range(2):
            await submit(web, "diag.noop")
        answer = await web.post("/api/jobs", json={"task": "diag.noop"})
        assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert len(await database.fetch("SELECT id FROM jobs")) == 2
