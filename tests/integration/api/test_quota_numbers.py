"""Whose numbers count: his tier's, or his own; shown, changed, in force at once everywhere, and written down."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys
from jobs.errors import InvalidInputError
from jobs.quota import Overrides, Tier, Tiers
from jobs.quotas import Quotas
from jobs.stores.database import Database
from jobs.stores.quotas import QuotaStore
from tests.support.conditions import eventually
from tests.support.failing import fail
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.people import new_user
from tests.support.site import logged_in, running_web, submit

_TABLE = {"admin": (50, 100_000), "premium": (20, 20_000), "normal": (10, 2_000), "anonymous": (0, 0)}
_LATER = 3_600


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site with the numbers that stand in the settings' table."""
    return {name: value for name, value in environ.items() if name != "JOBS_QUOTAS"}


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the site's Redis."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def quotas(database: Database, redis: Redis) -> Quotas:
    """Give the use case that the users' endpoints have."""
    return Quotas(QuotaStore(database, redis, tiers=Tiers(), patience_s=5), database=database)


async def quota_of(web: httpx.AsyncClient, owner: str | None = None) -> dict[str, object]:
    """Read a quota."""
    answer = await web.get("/api/quota", params={} if owner is None else {"owner": owner})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def change(web: httpx.AsyncClient, owner: str = "admin", **numbers: int | None) -> dict[str, object]:
    """Change a quota."""
    answer = await web.patch(f"/api/quota/{owner}", json=numbers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def refused(web: httpx.AsyncClient, path: str = "/api/jobs", **body: object) -> str:
    """Expect the problem `waiting-quota`; give its detail."""
    answer = await web.post(path, json=body or {"task": "diag.noop"})
    assert (answer.status_code, answer.json()["type"]) == (429, "waiting-quota"), answer.text
    return str(answer.json()["detail"])


@pytest.mark.parametrize("tier", list(Tier))
async def test_each_tier_has_its_numbers(web: httpx.AsyncClient, quotas: Quotas, redis: Redis, tier: Tier) -> None:
    """Those of the table, as an administrator sees them, and in Redis, where they are judged."""
    await quotas.set("ann", tier)
    running, waiting = _TABLE[tier]
    assert await quota_of(web, "ann") == {
        "owner": "ann",
        "tier": tier,
        "limits": {"max_running": running, "max_waiting": waiting},
        "overrides": {"max_running": None, "max_waiting": None},
        "used": 0,
        "free": waiting,
        "running": 0,
        "waiting": 0,
    }
    assert await redis.hget(keys.LIMITS, "ann") == str(running).encode()  # type: ignore[misc]
    assert await redis.hget(keys.PLACES, "ann") == str(waiting).encode()  # type: ignore[misc]


async def test_nobody_s_is_none(web: httpx.AsyncClient, quotas: Quotas, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is anonymous may have no job, one or a batch."""
    await quotas.set("nobody", Tier.ANONYMOUS)
    with logged_in(monkeypatch, "nobody"):
        assert await refused(web) == "you may have no jobs; ask an administrator for a quota"
        await refused(web, "/api/batches", jobs=[{"task": "diag.noop"}])


async def test_one_sees_one_s_own(web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whom nothing is written down, he is normal. Others' are for administrators, and so is changing any."""
    with logged_in(monkeypatch, "ann"):
        await submit(web, "diag.noop", delay_s=_LATER)
        await submit(web, "diag.noop", delay_s=_LATER)
        found = await quota_of(web)
        assert found == await quota_of(web, "ann")
        assert (found["owner"], found["tier"], found["used"], found["waiting"]) == ("ann", "normal", 2, 2)
        assert found["free"] == 2_000 - 2
        assert (await web.get("/api/quota", params={"owner": "admin"})).status_code == 403
        assert (await web.patch("/api/quota/ann", json={"max_waiting": 5})).status_code == 403
    assert (await web.get("/api/quota", params={"owner": "ann"})).status_code == 404
    assert (await web.patch("/api/quota/ann", json={"max_waiting": 5})).status_code == 404


async def test_a_change_is_in_force_at_once_in_every_process(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """Lowered and raised by one process, another judges by it with its next question."""
    async with running_web(environ) as other:
        await change(web, max_waiting=2)  # before anybody has had ten thousand places left
        for client in (web, other):
            await submit(client, "diag.noop", delay_s=_LATER)
        for client in (web, other):
            assert "of 2 unfinished" in await refused(client)
        await change(other, max_waiting=3)
        await submit(web, "diag.noop", delay_s=_LATER)
        await refused(other)
        changed = await change(web, max_waiting=1)
        assert (changed["used"], changed["free"]) == (3, 0)
        assert "of 1 unfinished" in await refused(other)
        assert "0 are free" in await refused(other, "/api/batches", jobs=[{"task": "diag.noop"}])


async def test_who_had_plenty_is_bound_too(web: httpx.AsyncClient, environ: dict[str, str]) -> None:
    """What processes give out by themselves is over when the change is answered."""
    async with running_web(environ) as other:
        for client in (web, other, web, other):
            await submit(client, "diag.noop", delay_s=_LATER)
        await change(web, max_waiting=5)
        for client in (other, web):
            await client.post("/api/jobs", json={"task": "diag.noop", "delay_s": _LATER})
            await refused(client)
    assert (await quota_of(web))["used"] == 5


async def test_own_numbers_are_given_and_taken_one_by_one(
    web: httpx.AsyncClient, quotas: Quotas, database: Database
) -> None:
    """What is left out stays; another tier leaves them; each change that is one is in the audit log."""
    assert (await change(web, max_running=7))["limits"] == {"max_running": 7, "max_waiting": 100_000}
    assert (await change(web, max_waiting=9))["limits"] == {"max_running": 7, "max_waiting": 9}
    assert (await change(web, max_waiting=9))["overrides"] == {"max_running": 7, "max_waiting": 9}
    await quotas.set("admin", Tier.PREMIUM)
    assert (await quota_of(web))["limits"] == {"max_running": 7, "max_waiting": 9}
    assert (await change(web, max_running=None))["limits"] == {"max_running": 20, "max_waiting": 9}
    await quotas.set("admin", Tier.ADMIN, Overrides(max_running=1))
    assert (await quota_of(web))["limits"] == {"max_running": 1, "max_waiting": 100_000}
    entries = await database.fetch("SELECT actor, action, object_id, details FROM audit ORDER BY id")
    assert [tuple(row)[:3] for row in entries] == [("admin", "quota.change", "admin")] * 3
    assert entries[2]["details"] == {
        "max_running": None,
        "max_waiting": 9,
        "before": {"max_running": 7, "max_waiting": 9},
    }


async def test_a_user_s_role_is_his_tier(web: httpx.AsyncClient, redis: Redis) -> None:
    """From the moment on in which he is made, and in which it is changed; numbers of his own stay."""
    pia = await new_user(web, "pia", "premium")
    assert (await quota_of(web, pia.id))["tier"] == "premium"
    assert await redis.hget(keys.LIMITS, pia.id) == b"20"  # type: ignore[misc]
    with pia.asking(web):
        assert (await quota_of(web))["limits"] == {"max_running": 20, "max_waiting": 20_000}
    await change(web, pia.id, max_waiting=1)
    assert (await web.patch(f"/api/users/{pia.id}", json={"role": "normal"})).status_code == 200
    assert await redis.hget(keys.LIMITS, pia.id) == b"10"  # type: ignore[misc]
    with pia.asking(web):
        assert (await quota_of(web))["limits"] == {"max_running": 10, "max_waiting": 1}
        await submit(web, "diag.noop", delay_s=_LATER)
        await refused(web)


async def test_who_has_no_limits_gets_none(quotas: Quotas) -> None:
    """Schedules' jobs and stock clients' are nobody's."""
    with pytest.raises(InvalidInputError):
        await quotas.set("system", Tier.NORMAL)


async def test_a_redis_that_has_lost_the_numbers_is_told_first(
    web: httpx.AsyncClient, redis: Redis, quotas: Quotas
) -> None:
    """The next submission is judged by what PostgreSQL says; nobody has everybody's number for a while."""
    await change(web, max_waiting=2)
    await quotas.set("ann", Tier.NORMAL, Overrides(max_running=3))
    told = [await redis.hgetall(key) for key in (keys.LIMITS, keys.PLACES)]  # type: ignore[misc]
    for _ in range(2):
        await submit(web, "diag.noop", delay_s=_LATER)
    await redis.delete(keys.LIMITS, keys.PLACES)
    await refused(web)
    assert [await redis.hgetall(key) for key in (keys.LIMITS, keys.PLACES)] == told  # type: ignore[misc]


async def test_the_copy_is_made_right(database: Database, redis: Redis, quotas: Quotas) -> None:
    """Whatever is wrong in it, of whomever, and of whom nothing is written down any more."""
    many = [f"owner {number}" for number in range(120)]
    await database.execute("INSERT INTO quotas (owner, tier, max_running) SELECT unnest($1::text[]), 'normal', 1", many)
    await quotas.copy()
    told = [await redis.hgetall(key) for key in (keys.LIMITS, keys.PLACES)]  # type: ignore[misc]
    assert all(found.keys() == {b"*", b"admin", *(owner.encode() for owner in many)} for found in told)
    assert (told[0][b"*"], told[1][b"*"], told[0][b"owner 7"], told[1][b"owner 7"]) == (b"10", b"2000", b"1", b"2000")
    await redis.hset(keys.LIMITS, mapping={"owner 1": 99, "stranger": 5})  # type: ignore[misc]
    await redis.hset(keys.PLACES, "stranger", "5")  # type: ignore[misc]
    await redis.hdel(keys.PLACES, "owner 2", "*")  # type: ignore[misc]
    await quotas.copy()
    assert [await redis.hgetall(key) for key in (keys.LIMITS, keys.PLACES)] == told  # type: ignore[misc]


async def test_settings_that_change_are_in_force_with_the_next_process(
    environ: dict[str, str], web: httpx.AsyncClient, redis: Redis
) -> None:
    """Of tiers; own numbers stay."""
    await change(web, max_running=7)
    async with running_web({**environ, "JOBS_QUOTAS": "admin=9/11, normal=4/5"}) as other:

        async def is_told() -> bool:
            return bool(await redis.hget(keys.PLACES, "*") == b"5")  # type: ignore[misc]

        await eventually(is_told)
        assert (await quota_of(other))["limits"] == {"max_running": 7, "max_waiting": 11}


async def test_retries_by_hand_need_places(web: httpx.AsyncClient, database: Database) -> None:
    """One by one, and of a cause: what finds none stays as it is, and it is said that there was none."""
    jobs = [await submit(web, "diag.noop", delay_s=_LATER) for _ in range(2)]
    for job in jobs:
        await web.post(f"/api/jobs/{job['id']}/cancel")
    await fail(database, "f", "admin", 5)
    await change(web, max_waiting=1)
    assert (await web.post(f"/api/jobs/{jobs[0]['id']}/retry")).status_code == 202
    await refused(web, f"/api/jobs/{jobs[1]['id']}/retry")
    await refused(web, "/api/failures/f/retry")
    assert (await web.get(f"/api/jobs/{jobs[1]['id']}")).json()["state"] == "cancelled"
    await change(web, max_waiting=3)
    answer = await web.post("/api/failures/f/retry")
    assert (answer.status_code, answer.json()["retried"], answer.json()["skipped"]) == (202, 2, 3)
    assert (await quota_of(web))["used"] == 3


async def test_a_retry_that_is_refused_keeps_no_place(web: httpx.AsyncClient) -> None:
    """What has not ended cannot be retried, and takes nothing."""
    job = await submit(web, "diag.noop", delay_s=_LATER)
    assert (await web.post(f"/api/jobs/{job['id']}/retry")).status_code == 409
    assert (await quota_of(web))["used"] == 1


async def test_a_data_sync_needs_a_place(web: httpx.AsyncClient, database: Database) -> None:
    """It is a job like others: refused, it leaves no row, and the file can be synced later."""
    await publish(web)
    file = (await upload(web, as_csv([ORDERS]))).json()
    await change(web, max_waiting=0)
    await refused(web, "/api/data-sync/single", file_id=file["id"])
    assert await database.fetch("SELECT id FROM jobs") == []
    await change(web, max_waiting=None)
    assert (await web.post("/api/data-sync/single", json={"file_id": file["id"]})).status_code == 202


@pytest.mark.parametrize("body", [{"max_running": -1}, {"max_waiting": "5"}, {"max_waiting": 1.5}, {"tier": "admin"}])
async def test_bad_numbers_change_nothing(web: httpx.AsyncClient, body: dict[str, object]) -> None:
    """422 naming the field."""
    before = await quota_of(web)
    answer = await web.patch("/api/quota/admin", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{next(iter(body))}")
    assert await quota_of(web) == before


def test_the_numbers_are_read_from_a_text() -> None:
    """A tier that is not named has its default; a mistake says its mend."""
    tiers = Tiers.parse(" normal=1/2, admin=3/4 ")
    assert Tiers.parse(str(tiers)) == tiers
    assert str(tiers) == "admin=3/4,premium=20/20000,normal=1/2,anonymous=0/0"
    assert replace(tiers.default, max_running=0).max_waiting == 2
    for text, said in (("gold=1/2", "there is no tier"), ("admin=1", "write tiers as"), ("admin=1/9999999999", "over")):
        with pytest.raises(ValueError, match=said):
            Tiers.parse(text)
