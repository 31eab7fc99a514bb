"""What each may ask for: the numbers of the table, over several web processes at once."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

import httpx
import pytest
from redis.asyncio import Redis
from starlette.types import ASGIApp

from tests.support.limits import admitted_in, apps, asking, bounds, caller, limited, over
from tests.support.people import new_user, sending
from tests.support.processes import web_process
from tests.support.site import ADMIN_KEY

DEFAULT = ("GET", "/api/tasks")
DATA_SYNC = ("POST", "/api/data-sync/files")
AUTH = ("GET", "/api/auth/me")
NUMBERS = [
    ("admin:ada", *DEFAULT, 200),
    ("admin:ada", *DATA_SYNC, 100),
    ("admin:ada", *AUTH, 20),
    ("premium:paul", *DEFAULT, 100),
    ("premium:paul", *DATA_SYNC, 50),
    ("premium:paul", *AUTH, 10),
    ("normal:nora", *DEFAULT, 60),
    ("normal:nora", *DATA_SYNC, 30),
    ("normal:nora", *AUTH, 5),
    (None, *DEFAULT, 30),
    (None, *DATA_SYNC, 10),
    (None, *AUTH, 3),
    ("admin:ada", "POST", "/api/data-sync/single", 10),
    ("normal:nora", "POST", "/api/data-sync/single", 10),
    ("admin:ada", "POST", "/api/data-sync/batch", 5),
    ("normal:nora", "POST", "/api/data-sync/batch-by-ids", 5),
    ("normal:nora", "POST", "/api/data-sync/batch-all", 3),
]


@pytest.fixture
async def three(environ: dict[str, str]) -> AsyncIterator[Sequence[ASGIApp]]:
    """Run three web processes' applications, with the limits of production."""
    async with apps(limited(environ), 3) as running:
        yield running


@pytest.mark.parametrize(("who", "method", "path", "amount"), NUMBERS)
async def test_each_number_of_the_table_is_what_all_processes_admit_together(
    three: Sequence[ASGIApp], redis: Redis, who: str | None, method: str, path: str, amount: int
) -> None:
    """A full bucket and what comes while it is asked for, to the last one; not three times that."""
    admitted = await admitted_in([asking(app, who, method, path) for app in three], redis, least_s=1.2)
    assert admitted.amount in bounds(amount, admitted)


async def test_the_guard_counts_all_who_call_from_one_address(three: Sequence[ASGIApp], redis: Redis) -> None:
    """Users who stay within their own limits included."""
    asks = [asking(three[number % 3], f"admin:{number}", *DEFAULT) for number in range(5)]
    admitted = await admitted_in(asks, redis, least_s=3)
    assert admitted.amount in bounds(600, admitted)


async def test_one_s_use_is_nobody_else_s(three: Sequence[ASGIApp]) -> None:
    """Another user has his own limit, and so has another address; addresses of one /64 share theirs."""
    async with caller(three[0], None, address="2001:db8::1") as greedy:
        while (await greedy.get("/api/tasks")).status_code != 429:
            pass
    for address, status in (("2001:db8::2", 429), ("2001:db8:0:1::1", 401), ("192.0.2.9", 401)):
        async with caller(three[1], None, address=address) as other:
            assert (await other.get("/api/tasks")).status_code == status, address
    async with caller(three[2], "normal:nora", address="2001:db8::1") as user:
        assert (await user.get("/api/tasks")).status_code == 200


async def test_categories_and_endpoints_have_buckets_of_their_own(three: Sequence[ASGIApp]) -> None:
    """Who has used up one may ask for the rest; the endpoint's limit does not touch what is read there."""
    async with caller(three[0], "normal:nora") as nora:
        answers = [await nora.post("/api/data-sync/single", json={}) for _ in range(11)]
        assert [answer.status_code for answer in answers] == [422] * 10 + [429]
        assert answers[-1].json()["rate_limit_type"] == "sync_single"
        assert answers[-1].json()["violated-policies"] == ["sync_single"]
        assert (await nora.post("/api/data-sync/files")).status_code == 415
        assert (await nora.get("/api/data-sync/templates")).status_code == 200


async def test_who_waits_as_long_as_he_is_told_is_admitted(three: Sequence[ASGIApp], redis: Redis) -> None:
    """Exactly that long, by Redis' clock: the bucket is moved back in time instead of waiting."""
    async with caller(three[0], "normal:nora") as nora:
        while (denied := await nora.get("/api/tasks")).status_code != 429:
            pass
    assert denied.headers["retry-after"] == "1"
    (name,) = [name async for name in redis.scan_iter("*bucket*") if b"user" in name]
    before = await redis.get(name)
    debt, at_us, unit = before.split(b":")
    await redis.set(name, b":".join((debt, b"%d" % (int(at_us) - 1_000_000), unit)), keepttl=True)
    async with caller(three[1], "normal:nora") as nora:
        assert (await nora.get("/api/tasks")).status_code == 200


async def test_real_processes_share_one_limit(environ: dict[str, str], redis: Redis) -> None:
    """Over sockets: by a key of each role, by the administrator's, and by nobody's."""
    variables = limited(environ)
    async with web_process(variables) as (_, one), web_process(variables) as (_, two):
        users = [(role, await new_user(one, f"{role}-user", role)) for role in ("premium", "normal")]
        amounts = {"premium": 100, "normal": 60}
        keys = [(None, 30), *((user.key, amounts[role]) for role, user in users), (ADMIN_KEY, 200)]
        for key, amount in keys:
            with sending(one, key), sending(two, key):
                for client in (one, two):
                    assert (await client.get("/readyz")).status_code == 200
                admitted = await admitted_in([over(client, *DEFAULT) for client in (one, two)], redis, least_s=1)
                assert admitted.amount in bounds(amount, admitted), amount


async def test_spoofed_headers_change_nothing(environ: dict[str, str], redis: Redis) -> None:
    """Over a socket, as a browser or a program would send them, with no proxy among the trusted."""
    denials = []
    async with web_process(limited(environ)) as (_, client):
        del client.headers["Authorization"]
        numbers = count()

        async def ask() -> int:
            answer = await client.get("/api/tasks", headers=_spoofed(next(numbers) % 250))
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                denials.append(answer.json())
            return answer.status_code

        admitted = await admitted_in([ask], redis, least_s=0.5)
    assert {denial["rate_limit_key"] for denial in denials} == {"ip:127.0.0.1"}
    assert admitted.amount in bounds(30, admitted)


def _spoofed(number: int) -> dict[str, str]:
    """Give what claims to come from another address each time."""
    address = f"198.51.100.{number}"
    names = ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "X-Client-IP")
    return {"Forwarded": f"for={address}", **dict.fromkeys(names, address)}
