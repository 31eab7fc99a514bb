"""The forms by which people log in and out: by password, by a key of theirs, by the administrator's of the site."""

from collections.abc import Mapping
from urllib.parse import urlencode

import httpx
import pytest

from app.identity import SESSION_COOKIE
from app.tokens import digest
from jobs.stores.database import Database
from tests.support.people import PASSWORD, Person, new_user, sending
from tests.support.site import ADMIN_KEY, running_web

LOGIN = "/login"
FROM_US = {"Sec-Fetch-Site": "same-origin"}
_ME = "/api/auth/me"


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give a user."""
    return await new_user(web, "ann")


@pytest.fixture
def browser(web: httpx.AsyncClient, ann: Person) -> httpx.AsyncClient:  # noqa: ARG001  the administrator makes her first
    """Give a client that sends no key, as a browser does."""
    del web.headers["Authorization"]
    return web


async def _send(
    browser: httpx.AsyncClient, fields: Mapping[str, str], *, then: str = "/", headers: Mapping[str, str] = FROM_US
) -> httpx.Response:
    return await browser.post(f"{LOGIN}?{urlencode({'then': then})}", data=fields, headers=headers)


async def test_a_password_lets_in_and_leads_on(browser: httpx.AsyncClient, ann: Person) -> None:
    """To where one wanted to go, with the cookie that the API's own login gives too; and out again."""
    answer = await _send(browser, {"username": "Ann", "password": PASSWORD}, then="/jobs?tag=a%26b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/jobs?tag=a%26b")
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.get(_ME)).json()["id"] == ann.id
    token = browser.cookies[SESSION_COOKIE]
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):  # nobody logs others out
        assert (await browser.post("/logout", headers=headers)).headers["location"] == LOGIN
        assert browser.cookies[SESSION_COOKIE] == token
    assert (await browser.get(_ME)).status_code == 200
    out = await browser.post("/logout", headers=FROM_US)
    assert (out.status_code, out.headers["location"]) == (303, LOGIN)
    assert SESSION_COOKIE not in browser.cookies
    with sending(browser, token):
        assert (await browser.get(_ME)).status_code == 401


async def test_a_key_begins_a_session_that_ends_with_it(
    browser: httpx.AsyncClient, ann: Person, database: Database
) -> None:
    """Its text is in no cookie; the log says which it was, and once it is revoked the session lets nobody in."""
    await database.execute("UPDATE api_keys SET expires_at = now() + interval '1 hour' WHERE id = $1", ann.key_id)
    answer = await _send(browser, {"key": f" {ann.key}\n"})
    assert answer.status_code == 303
    assert ann.key not in answer.headers["set-cookie"]
    lasts_s = int(answer.headers["set-cookie"].split("Max-Age=")[1].split(";")[0])
    assert 3500 < lasts_s <= 3600
    assert (await browser.get(_ME)).json() == {"id": ann.id, "username": "ann", "role": "normal"}
    (noted,) = await database.fetch("SELECT * FROM audit WHERE action = 'session.begin' AND details ? 'key'")
    assert (noted["actor"], noted["details"]) == (ann.id, {"key": ann.key_id})
    assert (await browser.get("/queues")).status_code == 200
    revoked = await browser.delete(f"/api/auth/keys/{ann.key_id}", headers=FROM_US)
    assert revoked.status_code == 200
    assert (await browser.get(_ME)).status_code == 401
    assert (await browser.get("/queues")).status_code == 303
    assert (await _send(browser, {"key": ann.key})).status_code == 401


async def test_the_key_of_the_site_begins_a_session_that_another_key_ends(
    browser: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """As the administrator who has no row; what is kept of it tells nothing of his key."""
    assert (await _send(browser, {"key": ADMIN_KEY})).status_code == 303
    assert (await browser.get(_ME)).json() == {"id": "admin", "username": "admin", "role": "admin"}
    assert (await browser.get("/users")).status_code == 200
    assert (await browser.post("/api/queues/data_sync/pause", headers=FROM_US)).status_code == 200
    token = browser.cookies[SESSION_COOKIE]
    (kept,) = await database.fetch("SELECT sha256 FROM sessions WHERE user_id IS NULL")
    assert kept["sha256"] not in {digest(ADMIN_KEY), digest(token)}
    for key, status in ((ADMIN_KEY, 200), (ADMIN_KEY[::-1], 401)):
        async with running_web({**environ, "APP_ADMIN_API_KEY": key}) as other:
            with sending(other, token):
                assert (await other.get(_ME)).status_code == status
    assert (await browser.post("/logout", headers=FROM_US)).headers["location"] == LOGIN
    with sending(browser, token):
        assert (await browser.get(_ME)).status_code == 401
    assert await database.fetch("SELECT FROM sessions WHERE user_id IS NULL") == []


async def test_what_lets_nobody_in_is_told_on_the_page(
    browser: httpx.AsyncClient, ann: Person, database: Database
) -> None:
    """A wrong password or key, and a session's token; a name that was typed need not be typed again."""
    await _send(browser, {"key": ann.key})
    session: str = browser.cookies[SESSION_COOKIE]
    browser.cookies.clear()
    wrong = {"username": "ann", "password": "a wrong one"}
    for fields, status, told in (
        (wrong, 401, "username or password is wrong"),
        ({"key": ann.key[::-1]}, 401, "this key is not known"),
        ({"key": session}, 401, "this key is not known"),
        ({"key": "x" * 300}, 422, "at most 256 characters"),
        ({"name": "ann"}, 422, "password"),
    ):
        answer = await _send(browser, fields, then="/jobs")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert told in answer.text.lower()
        assert 'role="alert"' in answer.text
        assert 'action="/login?then=%2Fjobs"' in answer.text
        assert "set-cookie" not in answer.headers
        assert ('value="ann"' in answer.text) is (fields is wrong)
    refused = await database.fetch("SELECT object_id FROM audit WHERE action = 'session.refuse' ORDER BY id")
    assert [row["object_id"] for row in refused] == [ann.id, "unknown", "unknown"]
    elsewhere = await _send(browser, {"key": ann.key}, headers={"Origin": "https://evil.test"})
    assert (elsewhere.status_code, "set-cookie" in elsewhere.headers) == (401, False)
    assert (await browser.post(LOGIN, json={"key": ann.key}, headers=FROM_US)).status_code == 415
    other = {"Content-Type": "application/x-www-form-urlencoded-too", **FROM_US}
    assert (await browser.post(LOGIN, content=b"key=x", headers=other)).status_code == 415


@pytest.mark.parametrize("then", ["//evil.test", "/\\evil.test", "https://evil.test", "/\t/evil.test", ""])
async def test_the_login_leads_to_no_other_host(browser: httpx.AsyncClient, ann: Person, then: str) -> None:
    """Whatever a browser would take for the beginning of one."""
    assert (await _send(browser, {"key": ann.key}, then=then)).headers["location"] == "/"


async def test_whoever_guesses_is_limited_and_told_so(environ: dict[str, str]) -> None:
    """As by the API's login, from the same bucket; who comes in has his token back, and the page itself is free."""
    async with running_web({**environ, "RATELIMIT_TIERS": "anonymous.auth=2/minute"}) as web:
        del web.headers["Authorization"]
        for _ in range(3):
            assert (await _send(web, {"key": ADMIN_KEY})).status_code == 303
            web.cookies.clear()
        wrong = {"username": "nobody", "password": "a wrong one"}
        assert [(await _send(web, {"key": "wrong"})).status_code for _ in range(2)] == [401, 401]
        assert (await web.post("/api/auth/login", json=wrong)).status_code == 429
        page = await _send(web, {"key": ADMIN_KEY})
        assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert 0 < int(page.headers["retry-after"]) <= 60
        assert "the limit auth is used up" in page.text
        assert (await web.get(LOGIN)).status_code == 200
