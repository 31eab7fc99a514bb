"""Idempotency-Key on batches: one that is sent again makes no second one, and is answered as the first."""

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.support.batches import end_of_batch, noops
from tests.support.site import in_flight, quotas, running_web, running_worker, submit

_BODY = {"jobs": [*noops(5), *noops(1, delay_s=600)], "name": "n", "on_complete": {"task": "diag.noop"}}


async def _post(client: httpx.AsyncClient, key: str, body: object = _BODY) -> httpx.Response:
    return await client.post("/api/batches", json=body, headers={"Idempotency-Key": key})


async def _amounts(database: Database) -> tuple[int, int]:
    return len(await database.fetch("SELECT FROM batches")), len(await database.fetch("SELECT FROM jobs"))


async def test_the_same_again_is_answered_as_the_first(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Also once it has ended; a header says that it is a replay."""
    body = {"jobs": noops(5)}
    first = await _post(web, "k", body)
    assert (first.status_code, "idempotency-replayed" in first.headers) == (202, False)
    async with running_worker(environ):
        await end_of_batch(web, first.json()["id"])
    again = await _post(web, "k", {"name": None, "jobs": noops(5, priority=5)})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert (again.headers["location"], again.json()) == (first.headers["location"], first.json())
    assert await _amounts(database) == (1, 5)


async def test_a_number_without_a_form_is_refused(web: httpx.AsyncClient, database: Database) -> None:
    """By the place of each job that has one; the key stays free."""
    large = {"task": "diag.sleep", "args": {"seconds": 2**64}}
    bad = await _post(web, "k", {"jobs": [*noops(1), large], "on_complete": large})
    assert bad.status_code == 422
    assert [error["pointer"] for error in bad.json()["errors"]] == ["/jobs/1/args", "/on_complete/args"]
    assert (await _post(web, "k")).status_code == 202
    assert (await _amounts(database))[0] == 1


async def test_another_content_under_the_same_key_is_refused(web: httpx.AsyncClient, database: Database) -> None:
    """422 for another batch, and for a single job; and a batch is none under the key of a job."""
    await _post(web, "k")
    one = {"task": "diag.noop"}
    await web.post("/api/jobs", json=one, headers={"Idempotency-Key": "of a job"})
    for answer in (
        await _post(web, "k", {**_BODY, "name": "other"}),
        await _post(web, "k", {**_BODY, "jobs": noops(6)}),
        await web.post("/api/jobs", json=one, headers={"Idempotency-Key": "k"}),
        await _post(web, "of a job"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (422, "idempotency-mismatch")
    assert await _amounts(database) == (1, 7)


async def test_while_the_first_is_in_flight_the_second_is_told_so(web: httpx.AsyncClient, database: Database) -> None:
    """A lock holds the first up in PostgreSQL; after it the second gets the first's answer."""
    async with in_flight(database, _post(web, "k")) as first:
        busy = await _post(web, "k")
        assert (busy.status_code, busy.json()["type"]) == (409, "conflict")
    answered = await first
    assert (await _post(web, "k")).json() == answered.json()
    assert await _amounts(database) == (1, 6)


@pytest.mark.parametrize("lost", ["redis", "postgres"])
async def test_either_store_alone_knows_the_key(
    web: httpx.AsyncClient, redis_url: str, database: Database, lost: str
) -> None:
    """What one of them has lost, the other still holds: no second batch, and the first's answer."""
    first = await _post(web, "k")
    if lost == "redis":
        async with Redis.from_url(redis_url) as redis:
            await redis.flushdb()
    else:
        await database.execute("DELETE FROM idempotency_keys")
    again = await _post(web, "k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == first.json()
    assert (await _post(web, "k", {**_BODY, "name": "other"})).status_code == 422
    assert await _amounts(database) == (1, 6)


@pytest.mark.parametrize("job", [{}, {"unique_key": "u"}])
async def test_a_refusal_hides_no_key(environ: dict[str, str], redis_url: str, job: dict[str, object]) -> None:
    """The first has all places, or its unique key itself, and Redis has lost the key: a repetition is answered."""
    body = {"jobs": noops(1, **job)}
    async with running_web({**environ, **quotas(waiting=1)}) as web, Redis.from_url(redis_url) as redis:
        first = await _post(web, "k", body)
        await redis.delete(keys.idempotency("admin", "k"))
        other = await _post(web, "k", {**body, "name": "other"})
        assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")
        again = await _post(web, "k", body)
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json() == first.json()


async def test_what_was_refused_is_forgotten(web: httpx.AsyncClient, database: Database) -> None:
    """Where another job has a unique key, another batch may have the idempotency key."""
    await submit(web, "diag.noop", unique_key="u")
    refused = await _post(web, "k", {"jobs": noops(1, unique_key="u")})
    assert (refused.status_code, refused.json()["type"]) == (409, "conflict")
    assert (await _post(web, "k")).status_code == 202
    assert await _amounts(database) == (1, 7)


async def test_a_process_that_died_in_between_leaves_the_same_batch_to_the_next(
    web: httpx.AsyncClient, redis_url: str, database: Database
) -> None:
    """It had stored the batch, or had not, and never said so: half a minute later the key leads to one batch."""
    first = await _post(web, "k")
    async with Redis.from_url(redis_url) as redis:
        print_, batch_id = (await redis.get(keys.idempotency("admin", "k"))).decode().split(" ")[2:4]
        await redis.set(keys.idempotency("admin", "k"), f"busy 1 {print_} {batch_id}")
        again = await _post(web, "k")
        assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first.json()["id"], "true")
        unborn = "0" * 31 + "1"
        await redis.set(keys.idempotency("admin", "k2"), f"busy 1 {print_} {unborn}")
    born = await _post(web, "k2")
    assert (born.status_code, born.json()["id"]) == (202, unborn)
    assert await _amounts(database) == (2, 12)


async def test_what_was_refused_may_be_sent_again(web: httpx.AsyncClient, database: Database) -> None:
    """A wrong body uses up no key."""
    assert (await _post(web, "k", {"jobs": [{"task": "no.such"}]})).status_code == 422
    assert (await _post(web, "k")).status_code == 202
    assert await _amounts(database) == (1, 6)
