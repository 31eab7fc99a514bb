"""Idempotency-Key: a submission that is sent again makes no second job."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.site import end_of, in_flight, quotas, running_web, running_worker, submit

_JOB = {"task": "diag.noop", "args": {}, "tags": ["a"]}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the site's Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client


async def _post(client: httpx.AsyncClient, key: str, body: object = _JOB) -> httpx.Response:
    return await client.post("/api/jobs", json=body, headers={"Idempotency-Key": key})


async def _forgets_all_but(database: Database, key: str) -> None:
    async def is_alone() -> bool:
        return [row["key"] for row in await database.fetch("SELECT key FROM idempotency_keys")] == [key]

    await eventually(is_alone)


async def _amount(database: Database) -> int:
    return len(await database.fetch("SELECT id FROM jobs"))


async def test_the_same_again_is_answered_as_the_first(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """Status, place and body are the first's, though the job has ended meanwhile; a header says that it is a replay."""
    first = await _post(web, "k1")
    assert (first.status_code, "idempotency-replayed" in first.headers) == (202, False)
    async with running_worker(environ):
        await end_of(web, first.json()["id"])
    again = await _post(web, "k1", {"tags": ["a"], "args": {}, "task": "diag.noop"})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert (again.headers["location"], again.json()) == (first.headers["location"], first.json())
    assert await _amount(database) == 1
    assert (await _post(web, "k2")).json()["id"] != first.json()["id"]


async def test_another_body_under_the_same_key_is_refused(web: httpx.AsyncClient, database: Database) -> None:
    """422, and nothing is submitted; the first is still answered as before."""
    first = await _post(web, "k")
    other = await _post(web, "k", {**_JOB, "priority": 9})
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")
    assert (await _post(web, "k")).json() == first.json()
    assert await _amount(database) == 1


@pytest.mark.parametrize("seconds", [2**64, -(2**63) - 1])
async def test_a_number_without_a_form_is_refused(web: httpx.AsyncClient, database: Database, seconds: int) -> None:
    """As it is without a key, by the field's name; the key stays free."""
    body = {"task": "diag.sleep", "args": {"seconds": seconds}}
    bad, without = await _post(web, "k", body), await web.post("/api/jobs", json=body)
    assert (bad.status_code, bad.json()["errors"]) == (422, without.json()["errors"])
    assert [error["pointer"] for error in bad.json()["errors"]] == ["/args"]
    assert (await _post(web, "k")).status_code == 202
    assert await _amount(database) == 1


async def test_of_many_at_once_one_makes_the_job(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """From two processes: the others are told that it is in flight, or get its answer."""
    async with running_web(environ) as other:
        answers = await asyncio.gather(*(_post(client, "k") for _ in range(10) for client in (web, other)))
    told = Counter((answer.status_code, answer.headers.get("idempotency-replayed")) for answer in answers)
    assert set(told) <= {(202, None), (202, "true"), (409, None)}
    assert told[202, None] == 1
    assert {answer.json()["type"] for answer in answers if answer.status_code == 409} == {"conflict"}
    assert await _amount(database) == 1


async def test_while_the_first_is_in_flight_the_second_is_told_so(web: httpx.AsyncClient, database: Database) -> None:
    """A lock holds the first up in PostgreSQL; after it the second gets the first's answer."""
    async with in_flight(database, _post(web, "k")) as first:
        busy = await _post(web, "k")
        assert (busy.status_code, busy.json()["type"]) == (409, "conflict")
    answered = await first
    assert (await _post(web, "k")).json() == answered.json()


@pytest.mark.parametrize("lost", ["redis", "postgres"])
async def test_either_store_alone_knows_the_key(
    web: httpx.AsyncClient, redis: Redis, database: Database, lost: str
) -> None:
    """What one of them has lost, the other still holds: no second job, and the first's answer."""
    first = await _post(web, "k")
    if lost == "redis":
        await redis.flushdb()
    else:
        await database.execute("DELETE FROM idempotency_keys")
    again = await _post(web, "k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == first.json()
    other = await _post(web, "k", {**_JOB, "priority": 9})
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")
    assert await _amount(database) == 1


async def test_a_quota_that_is_used_up_hides_no_key(environ: dict[str, str], redis: Redis, database: Database) -> None:
    """The first has the only place, and Redis has lost its key: a repetition is answered, another body is told so."""
    async with running_web({**environ, **quotas(waiting=1)}) as web:
        first = await _post(web, "k")
        await redis.delete(keys.idempotency("admin", "k"))
        other = await _post(web, "k", {**_JOB, "priority": 9})
        assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")
        again = await _post(web, "k")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
        assert again.json() == first.json()
        assert (await _post(web, "k2")).status_code == 429
    assert await _amount(database) == 1


@pytest.mark.parametrize("is_ended", [False, True])
async def test_a_unique_key_hides_no_key(
    web: httpx.AsyncClient, environ: dict[str, str], redis: Redis, *, is_ended: bool
) -> None:
    """The first has its unique key itself, or has ended and another has it, and Redis has lost the first's key."""
    body = {**_JOB, "unique_key": "u"}
    first = await _post(web, "k", body)
    if is_ended:
        async with running_worker(environ):
            await end_of(web, first.json()["id"])
        assert (await web.post("/api/jobs", json=body)).status_code == 202
    await redis.delete(keys.idempotency("admin", "k"))
    other = await _post(web, "k", {**body, "priority": 9})
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-mismatch")
    again = await _post(web, "k", body)
    assert (again.status_code, again.headers.get("idempotency-replayed")) == (202, "true")
    assert again.json() == first.json()


async def test_a_process_that_died_in_between_leaves_the_same_job_to_the_next(
    web: httpx.AsyncClient, redis: Redis, database: Database
) -> None:
    """It had stored the job, or had not, and never said so: half a minute later the key leads to one job."""
    first = await _post(web, "k")
    name = keys.idempotency("admin", "k")
    print_, job_id = (await redis.get(name)).decode().split(" ")[2:4]
    await redis.set(name, f"busy 1 {print_} {job_id}")
    again = await _post(web, "k")
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (first.json()["id"], "true")
    unborn = "0" * 31 + "1"
    await redis.set(keys.idempotency("admin", "k2"), f"busy 1 {print_} {unborn}")
    born = await _post(web, "k2")
    assert (born.status_code, born.json()["id"]) == (202, unborn)
    assert await _amount(database) == 2


async def test_what_was_refused_may_be_sent_again(environ: dict[str, str], database: Database) -> None:
    """A wrong body or a quota uses up no key."""
    async with running_web({**environ, **quotas(waiting=1)}) as web:
        assert (await _post(web, "k", {"task": "no.such"})).status_code == 422
        taken = await submit(web, "diag.noop")
        assert (await _post(web, "k")).status_code == 429
        await web.post(f"/api/jobs/{taken['id']}/cancel")
        assert (await _post(web, "k")).status_code == 202
    assert await _amount(database) == 2


async def test_a_key_is_good_for_a_day(web: httpx.AsyncClient, redis: Redis, database: Database) -> None:
    """After that it makes a new job, and is dropped as others are used."""
    first = await _post(web, "k")
    await _post(web, "other")
    assert 86_300_000 < await redis.pttl(keys.idempotency("admin", "k")) <= 86_400_000
    await redis.flushdb()
    await database.execute("UPDATE idempotency_keys SET accepted_at = accepted_at - interval '25 hours'")
    assert (await _post(web, "k")).json()["id"] != first.json()["id"]
    await _forgets_all_but(database, "k")


async def test_old_keys_do_not_pile_up(web: httpx.AsyncClient, database: Database) -> None:
    """More of them than are dropped at once go too, after a single use of another."""
    await database.execute(
        "INSERT INTO idempotency_keys (owner, key, print, job_id, accepted_at) "
        "SELECT 'ann', n, 'ab', n, now() - interval '25 hours' FROM generate_series(1, 1500) AS n"
    )
    await _post(web, "k")
    await _forgets_all_but(database, "k")


async def test_a_unique_job_is_replayed_as_it_was_told(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """200 with the job that had the unique key, also when that has ended."""
    body = {**_JOB, "unique_key": "u"}
    holder = (await web.post("/api/jobs", json=body)).json()
    told = await _post(web, "k", body)
    assert (told.status_code, told.json()["id"]) == (200, holder["id"])
    async with running_worker(environ):
        await end_of(web, holder["id"])
    again = await _post(web, "k", body)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
    assert again.json()["id"] == holder["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "schl\u00fcssel", "a\tb"])
async def test_a_key_of_another_form_is_refused(web: httpx.AsyncClient, database: Database, key: str) -> None:
    """It is named among the wrong fields, and nothing is submitted."""
    answer = await web.post("/api/jobs", json=_JOB, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "Idempotency-Key")
    assert await _amount(database) == 0
