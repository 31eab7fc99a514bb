"""Shops' accounts: what administrators enter, seen at once by everybody who asks any process."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import httpx
import pytest

from deploy.local.server import Server
from tests.chaos.outages import hung, stopped
from tests.support.people import new_user
from tests.support.servers import Servers
from tests.support.shops import SHOP, new_shop
from tests.support.site import running_web

ACCOUNTS = "/api/data-sync/accounts"
Outage = Callable[[Server], AbstractAsyncContextManager[None]]

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def other(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run a second web process' application; give a client of it."""
    async with running_web(environ) as client:
        yield client


async def _names(client: httpx.AsyncClient, **params: str) -> Sequence[str]:
    answer = await client.get(ACCOUNTS, params=params)
    assert answer.status_code == 200, answer.text
    return [shop["name"] for shop in answer.json()["items"]]


async def test_a_shop_is_entered_changed_and_deleted(web: httpx.AsyncClient, other: httpx.AsyncClient) -> None:
    """Each write is in the list of every process with the next question, and in the audit log."""
    assert await _names(other) == []
    answer = await web.post(ACCOUNTS, json=dict(SHOP))
    assert answer.status_code == 201
    entered = answer.json()
    assert {name: entered[name] for name in (*SHOP, "enabled")} == {**SHOP, "enabled": True}
    assert (await other.get(ACCOUNTS)).json() == {"items": [entered], "next_cursor": None}
    answer = await other.patch(f"{ACCOUNTS}/{entered['id']}", json={"name": "Shop", "enabled": False})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed == {**entered, "name": "Shop", "enabled": False, "changed_at": changed["changed_at"]}
    assert changed["changed_at"] > entered["changed_at"]
    for client in (web, other):
        assert (await client.get(ACCOUNTS)).json()["items"] == [changed]
    answer = await web.delete(f"{ACCOUNTS}/{entered['id']}")
    assert (answer.status_code, answer.json()) == (200, changed)
    assert await _names(other) == []
    assert (await web.delete(f"{ACCOUNTS}/{entered['id']}")).status_code == 404
    assert (await web.patch(f"{ACCOUNTS}/{entered['id']}", json={})).status_code == 404
    entries = (await web.get("/api/audit", params={"object_id": entered["id"]})).json()["items"]
    assert [(entry["action"], entry["details"]["shop_id"]) for entry in entries] == [
        ("shop.delete", "main"),
        ("shop.change", "main"),
        ("shop.create", "main"),
    ]
    assert {name: entries[1]["details"][name] for name in ("name", "enabled")} == {"name": "Shop", "enabled": False}


async def test_what_changes_nothing_is_no_deed(web: httpx.AsyncClient) -> None:
    """It is answered with the account as it is."""
    shop_id = await new_shop(web)
    (shop,) = (await web.get(ACCOUNTS)).json()["items"]
    for same in ({}, {"name": SHOP["name"]}, {"enabled": True}, {"name": None, "enabled": None}):
        assert (await web.patch(f"{ACCOUNTS}/{shop_id}", json=same)).json() == shop
    entries = (await web.get("/api/audit", params={"object_id": shop_id})).json()["items"]
    assert [entry["action"] for entry in entries] == ["shop.create"]


async def test_a_platform_has_a_shop_once(web: httpx.AsyncClient) -> None:
    """409 names it and changes nothing; another platform may have one of this name."""
    await new_shop(web)
    answer = await web.post(ACCOUNTS, json={**SHOP, "name": "again"})
    assert (answer.status_code, answer.json()["type"]) == (409, "conflict")
    assert "main" in answer.json()["detail"]
    await new_shop(web, platform="another")
    assert await _names(web) == [SHOP["name"], SHOP["name"]]


async def test_the_list_has_filters_and_pages(web: httpx.AsyncClient) -> None:
    """Newest first; a cursor of another list is refused."""
    for number in range(5):
        await new_shop(web, shop_id=f"s{number}", name=f"n{number}", platform=f"p{number % 2}", enabled=number != 2)
    assert await _names(web, platform="p0") == ["n4", "n2", "n0"]
    assert await _names(web, platform="p0", enabled="true") == ["n4", "n0"]
    assert await _names(web, enabled="false") == ["n2"]
    assert await _names(web, platform="none") == []
    found, cursor = [], None
    while True:
        params = {"limit": "2"} | ({} if cursor is None else {"cursor": cursor})
        page = (await web.get(ACCOUNTS, params=params)).json()
        found += [shop["name"] for shop in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == ["n4", "n3", "n2", "n1", "n0"]
    audit = (await web.get("/api/audit", params={"limit": 1})).json()["next_cursor"]
    refused = await web.get(ACCOUNTS, params={"cursor": audit})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/cursor")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"platform": ""}, "/platform"),
        ({"platform": " "}, "/platform"),
        ({"shop_id": "x" * 101}, "/shop_id"),
        ({"shop_id": 7}, "/shop_id"),
        ({"name": "a\x00b"}, "/name"),
        ({"name": None}, "/name"),
        ({"enabled": "yes"}, "/enabled"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_bad_input_is_named_and_changes_nothing(
    web: httpx.AsyncClient, wrong: dict[str, object], pointer: str
) -> None:
    """422 with the field that is wrong, on entering and, as far as it has the field, on changing."""
    answer = await web.post(ACCOUNTS, json={**SHOP, **wrong})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert await _names(web) == []
    shop_id = await new_shop(web)
    if wrong != {"name": None}:  # there it is one that is left out
        answer = await web.patch(f"{ACCOUNTS}/{shop_id}", json=wrong)
        assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert await _names(web) == [SHOP["name"]]


async def test_everybody_reads_and_administrators_write(web: httpx.AsyncClient) -> None:
    """403 for who is none, and nothing is changed."""
    shop_id = await new_shop(web)
    ann = await new_user(web, "ann")
    with ann.asking(web):
        assert await _names(web) == [SHOP["name"]]
        for method, path in (
            ("POST", ACCOUNTS),
            ("PATCH", f"{ACCOUNTS}/{shop_id}"),
            ("DELETE", f"{ACCOUNTS}/{NOBODY}"),
        ):
            assert (await web.request(method, path, json=dict(SHOP))).status_code == 403
        assert await _names(web) == [SHOP["name"]]


@pytest.mark.parametrize("outage", [stopped, hung])
async def test_without_redis_they_are_read_and_written(
    environ: dict[str, str], servers: Servers, outage: Outage
) -> None:
    """What was written meanwhile is seen at once here, and everywhere once Redis is back."""
    environ["RATELIMIT_DEADLINE_MS"] = "100"  # the limiter's own wait for a Redis that hangs
    async with running_web(environ) as web:
        await new_shop(web)
        assert await _names(web) == [SHOP["name"]]
        async with outage(servers.redis):
            await new_shop(web, shop_id="second", name="The second")
            assert await _names(web) == ["The second", SHOP["name"]]
        async with running_web(environ) as later:
            assert await _names(later) == await _names(web) == ["The second", SHOP["name"]]


async def test_what_is_cached_answers_while_postgresql_is_away(environ: dict[str, str], servers: Servers) -> None:
    """Nothing can have been written meanwhile."""
    # What takes longer than this is not cached.
    async with running_web({**environ, "JOBS_CACHE_PATIENCE_MS": "10000"}) as web:
        await new_shop(web)
        assert await _names(web) == [SHOP["name"]]
        async with stopped(servers.postgres):
            assert await _names(web) == [SHOP["name"]]
            assert (await web.post(ACCOUNTS, json={**SHOP, "shop_id": "second"})).status_code == 503
