"""A submission that is sent again makes no second job, whatever the stores did meanwhile."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from jobs.stores.scripts import Script
from tests.chaos.outages import hung, stopped
from tests.chaos.wire import Cut, wire_to
from tests.chaos.workers import hasty_recoverer, worker_of
from tests.support.conditions import eventually, reaches
from tests.support.servers import Servers
from tests.support.site import quotas, running_web, running_worker, submit

_JOB: dict[str, object] = {"task": "diag.noop", "args": {}}
_UNIQUE = {**_JOB, "unique_key": "u"}
_PATIENCE_S = 2.0  # APP_STORE_PATIENCE_S of the site


async def _post(
    client: httpx.AsyncClient, body: object = _JOB, *, path: str = "/api/jobs", key: str = "k"
) -> httpx.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key})


async def test_a_repetition_that_redis_did_not_answer_leaves_the_first_s_key(
    web: httpx.AsyncClient, servers: Servers
) -> None:
    """PostgreSQL is away, and Redis hangs until the repetition is given up: the key still stands for the first."""
    async with stopped(servers.postgres):
        first = await _post(web)
        async with hung(servers.redis):
            refused = await _post(web)
        again = await _post(web)
    assert refused.status_code == 503
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == first.json()


async def test_a_key_that_neither_store_can_tell_of_makes_no_job(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers
) -> None:
    """PostgreSQL is away, and Redis answers to all but the claim of the key: a repetition is to be sent again."""
    socket = environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
    cut = Cut(words=(b"EVALSHA", Script("claim_key").digest.encode()), arrives=False, every=1)
    async with (
        wire_to(socket, cut) as (url, _),
        running_web({**environ, "REDIS_URL": url}) as cut_off,
        stopped(servers.postgres),
    ):
        first = await _post(web)
        again = await _post(cut_off)
        assert (again.status_code, again.json()["type"]) == (503, "unavailable")
        assert (await cut_off.post("/api/jobs", json=_JOB)).status_code == 202
        assert (await _post(web)).json() == first.json()


async def test_a_key_that_redis_alone_had_is_written_with_the_history(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, database: Database
) -> None:
    """PostgreSQL was away when the job was accepted, and then Redis is: sent again it is that job."""
    async with stopped(servers.postgres):
        first = await _post(web)

    async def is_written() -> bool:
        return bool(await database.fetch("SELECT FROM jobs WHERE finished_at IS NOT NULL"))

    async def is_found_there() -> bool:
        return bool((await submit(web, "diag.noop"))["durability"] != "redis")

    async with running_worker(environ):
        await eventually(is_written)
        await eventually(is_found_there)
    async with stopped(servers.redis):
        again = await _post(web)
        other = await _post(web, {**_JOB, "priority": 9})
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")


async def test_a_key_that_postgresql_alone_had_comes_into_redis_with_the_job(
    web: httpx.AsyncClient, environ: dict[str, str], servers: Servers, database: Database
) -> None:
    """Redis was away when the job was accepted, and then PostgreSQL is: sent again it is that job, which has run."""
    async with stopped(servers.redis):
        first = await _post(web)
    async with worker_of(environ, {"data_sync": 1}), hasty_recoverer(environ, database):
        await reaches(web, first.json()["id"], "succeeded")
    async with stopped(servers.postgres):
        again = await _post(web)
        other = await _post(web, {**_JOB, "priority": 9})
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")


@pytest.mark.parametrize("body", [_JOB, _UNIQUE])
async def test_without_redis_a_repetition_is_answered_before_it_is_refused(
    environ: dict[str, str], servers: Servers, body: dict[str, object]
) -> None:
    """The first has the only place, or its unique key itself, as PostgreSQL tells; another body is told so."""
    async with running_web({**environ, **quotas(waiting=1)}) as web, stopped(servers.redis):
        first = await _post(web, body)
        again = await _post(web, body)
        other = await _post(web, {**body, "priority": 9})
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json()["id"] == first.json()["id"]
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")


async def test_without_redis_a_batch_that_is_sent_again_is_answered(environ: dict[str, str], servers: Servers) -> None:
    """There is no place for another, and none is needed."""
    body = {"jobs": [_JOB, _JOB]}
    async with running_web({**environ, **quotas(waiting=3)}) as web, stopped(servers.redis):
        first = await _post(web, body, path="/api/batches")
        again = await _post(web, body, path="/api/batches")
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json()["id"] == first.json()["id"]


async def test_a_key_makes_nobody_wait_for_a_postgresql_that_hangs(web: httpx.AsyncClient, servers: Servers) -> None:
    """One finds it out, and waits no longer than one without a key; the next do without."""
    await _post(web, key="before")
    async with hung(servers.postgres):
        began = time.monotonic()
        assert (await _post(web, key="first")).status_code == 202
        found_out = time.monotonic()
        assert (await _post(web, key="second")).status_code == 202
        assert time.monotonic() - found_out < _PATIENCE_S / 2
        assert found_out - began < 1.5 * _PATIENCE_S


async def test_refusals_do_not_wait_for_a_postgresql_that_hangs(environ: dict[str, str], servers: Servers) -> None:
    """One may find it out, and the next does without."""
    async with running_web({**environ, **quotas(waiting=0)}) as web, hung(servers.postgres):
        assert (await _post(web)).status_code == 429
        began = time.monotonic()
        assert (await _post(web)).status_code == 429
        assert time.monotonic() - began < _PATIENCE_S / 2


@asynccontextmanager
async def _unanswered(
    environ: dict[str, str], servers: Servers, body: dict[str, object] = _JOB
) -> AsyncIterator[tuple[httpx.AsyncClient, Redis]]:
    """Give a site without PostgreSQL, where one job may be; Redis has it, and who submitted it had no answer."""
    socket = environ["REDIS_URL"].removeprefix("unix://").partition("?")[0]
    cut = Cut(words=(b"EVALSHA", Script("enqueue").digest.encode()), arrives=True)
    async with Redis.from_url(environ["REDIS_URL"]) as redis, wire_to(socket, cut) as (url, wire):
        await redis.script_load(Script("enqueue").text)
        async with running_web({**environ, **quotas(waiting=1), "REDIS_URL": url}) as web, stopped(servers.postgres):
            assert ((await _post(web, body)).status_code, wire.cuts) == (503, 1)
            yield web, redis


async def _run_all(environ: dict[str, str], redis: Redis) -> None:
    async def nobody_waits() -> bool:
        return not await redis.zcard(keys.UNFINISHED + "admin")

    async with running_worker(environ):
        await eventually(nobody_waits)


@pytest.mark.parametrize("body", [_JOB, _UNIQUE])
async def test_a_submission_without_an_answer_is_not_refused_for_its_own_place(
    environ: dict[str, str], servers: Servers, body: dict[str, object]
) -> None:
    """Nor told of itself as of another: sent again it is the same job, which takes no other place."""
    async with _unanswered(environ, servers, body) as (web, redis):
        again = await _post(web, body)
        assert again.status_code == 202, again.text
        assert (await web.post("/api/jobs", json=_JOB)).status_code == 429
        await _run_all(environ, redis)
        once_more = await _post(web, body)
    assert (once_more.json()["id"], once_more.headers["idempotency-replayed"]) == (again.json()["id"], "true")


async def test_a_refusal_gives_up_no_key_of_what_may_have_been_done(
    environ: dict[str, str], servers: Servers, database: Database
) -> None:
    """The job has run unseen, and another has the place: the repetition is refused, and later it is the same job."""
    async with _unanswered(environ, servers) as (web, redis):
        await _run_all(environ, redis)
        other = await web.post("/api/jobs", json=_JOB)
        assert (await _post(web)).status_code == 429
        await _run_all(environ, redis)
        again = await _post(web)
        assert (other.status_code, again.status_code) == (202, 202)

    async def those_are_written() -> bool:
        rows = await database.fetch("SELECT id FROM jobs WHERE finished_at IS NOT NULL")
        return {row["id"] for row in rows} == {other.json()["id"], again.json()["id"]}

    async with running_worker(environ):
        await eventually(those_are_written)
