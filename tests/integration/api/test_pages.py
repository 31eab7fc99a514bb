"""Every page of the dashboard, asked for by nobody, by another user, by the owner and by an administrator."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from app.dashboard.pages import OPEN_ROUTES, PAGE_ROUTES
from app.dashboard.words import REASONS
from app.identity import SESSION_COOKIE
from app.middleware.rate_limit import EXEMPT
from jobs.model import Reason
from tests.chaos.outages import stopped
from tests.support.batches import noops, submit_batch
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.people import Person, log_in, new_user, sending
from tests.support.servers import Servers
from tests.support.site import ADMIN_KEY, running_web, submit

_KNOWN = (303, 200, 200, 200)
_ADMINS = (303, 403, 403, 200)
_OWNERS = (303, 404, 200, 200)

TABLE: Mapping[str, tuple[int, int, int, int]] = {
    "/": _KNOWN,
    "/jobs": _KNOWN,
    "/jobs/new": _KNOWN,
    "/jobs/{id}": _OWNERS,
    "/queues": _KNOWN,
    "/failures": _KNOWN,
    "/batches": _KNOWN,
    "/batches/{id}": _OWNERS,
    "/workers": _KNOWN,
    "/schedules": _KNOWN,
    "/files": _KNOWN,
    "/files/{id}": _OWNERS,
    "/files/{id}/preview": _OWNERS,
    "/syncs": _KNOWN,
    "/syncs/{id}": _OWNERS,
    "/sources": _KNOWN,
    "/templates": _KNOWN,
    "/templates/{id}": _KNOWN,  # everybody may see how files must look
    "/pictures": _KNOWN,
    "/alerts": _KNOWN,
    "/shops": _KNOWN,
    "/component-versions": _KNOWN,
    "/cache": _KNOWN,
    "/limits": _ADMINS,
    "/users": _ADMINS,
    "/quota": _ADMINS,
    "/audit": _ADMINS,
    "/account": _KNOWN,
}


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> Person:
    """Give the owner."""
    return await new_user(web, "ann")


@pytest.fixture
async def places(web: httpx.AsyncClient, ann: Person) -> Mapping[str, str]:
    """Make one of each thing that has a page; give its id by the path up to it."""
    template = await publish(web)
    with ann.asking(web):
        file = (await upload(web, as_csv([ORDERS]))).json()
        return {
            "/jobs/": (await submit(web, "diag.noop"))["id"],
            "/batches/": (await submit_batch(web, noops(1)))["id"],
            "/files/": file["id"],
            "/syncs/": (await web.post("/api/data-sync/single", json={"file_id": file["id"]})).json()["task_id"],
            "/templates/": template["id"],
        }


def test_what_needs_no_login_costs_nothing() -> None:
    """The login page and its files are not limited: whoever has asked for too much could not even come in."""
    assert {route.path for route in OPEN_ROUTES} <= EXEMPT


def test_every_reason_to_wait_has_its_words() -> None:
    """A job's page would break of one without."""
    assert REASONS.keys() == set(Reason)


def test_every_page_has_a_row() -> None:
    """And no row is left of one that is gone."""
    assert TABLE.keys() == {route.path for route in PAGE_ROUTES}


async def test_each_page_answers_as_its_row_says(
    web: httpx.AsyncClient, ann: Person, places: Mapping[str, str]
) -> None:
    """Nobody is led to the login, 404 for what is another's, 403 for what is an administrator's."""
    other = await new_user(web, "other")
    found, told = {}, []
    theirs = {id_ for start, id_ in places.items() if start != "/templates/"}
    for path in TABLE:
        start, _, rest = path.partition("{id}")
        answers = []
        for key in (None, other.key, ann.key, ADMIN_KEY):
            with sending(web, key):
                answers.append(await web.get(f"{start}{places[start]}{rest}" if start != path else path))
        found[path] = tuple(answer.status_code for answer in answers)
        told += [(path, id_) for id_ in theirs if f"/{id_}" in answers[1].text and not answers[1].is_error]
        assert {answer.headers["content-type"] for answer in answers[1:]} == {"text/html; charset=utf-8"}
        assert all("default-src 'self'" in answer.headers["content-security-policy"] for answer in answers[1:])
    assert found == dict(TABLE)
    assert told == []


async def test_nobody_is_led_to_the_login_and_back(web: httpx.AsyncClient) -> None:
    """With what he asked for; the page that comes first needs nobody to be known."""
    del web.headers["Authorization"]
    answer = await web.get("/jobs", params={"state": "failed", "tag": "a&b"})
    login = urlsplit(answer.headers["location"])
    assert (answer.status_code, login.path) == (303, "/login")
    assert parse_qs(login.query) == {"then": ["/jobs?state=failed&tag=a%26b"]}
    page = await web.get(answer.headers["location"])
    assert page.text.count('action="/login?then=%2Fjobs%3Fstate%3Dfailed%26tag%3Da%2526b"') == 2


@pytest.mark.parametrize("path", ["/jobs/a%2541", "/jobs/a%0Ab", "/jobs/%C3%A9%3Fx%23y%20z"])
async def test_the_way_back_leads_to_the_same_page(web: httpx.AsyncClient, path: str) -> None:
    """Whatever signs the id of a job has, which a stock client may choose."""
    del web.headers["Authorization"]
    login = (await web.get(path)).headers["location"]
    back = await web.post(login, data={"key": ADMIN_KEY}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (back.status_code, back.headers["location"]) == (303, path)


async def test_a_session_opens_pages(web: httpx.AsyncClient, ann: Person) -> None:
    """The cookie alone does; it is of no use to a page of another host, and nothing is kept by anybody."""
    del web.headers["Authorization"]
    await log_in(web, ann.username)
    assert SESSION_COOKIE in web.cookies
    page = await web.get("/")
    assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert (await web.post("/api/jobs", json={"task": "diag.noop"})).status_code == 401


async def test_the_menu_has_what_one_may_see(web: httpx.AsyncClient, ann: Person) -> None:
    """An administrator's pages are not offered to others."""
    of_admin = (await web.get("/")).text
    with ann.asking(web):
        of_ann = (await web.get("/")).text
    for path in ("/limits", "/users", "/audit"):
        assert f'href="{path}"' in of_admin
        assert f'href="{path}"' not in of_ann


async def test_what_jobs_hold_is_text(web: httpx.AsyncClient) -> None:
    """Markup in arguments, tags and names stays what it is."""
    job = await submit(web, "diag.fail", {"message": "<script>alert(1)</script>"}, tags=["<b>", "\"'>"])
    page = (await web.get(f"/jobs/{job['id']}")).text
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


async def test_a_wrong_filter_is_told(web: httpx.AsyncClient) -> None:
    """As the API tells it, on a page; what a form leaves empty is no filter."""
    page = await web.get("/jobs", params={"state": "nothing", "queue": ""})
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert "/state" in page.text
    assert (await web.get("/jobs", params={"state": "", "queue": "", "tag": ""})).status_code == 200


async def test_who_asks_for_too_much_is_told_on_a_page(environ: dict[str, str]) -> None:
    """With the time after which the page's script asks again."""
    async with running_web({**environ, "RATELIMIT_TIERS": "admin.default=2/minute"}) as web:
        assert [(await web.get("/queues")).status_code for _ in range(2)] == [200, 200]
        page = await web.get("/queues")
        assert (page.status_code, page.headers["content-type"]) == (429, "text/html; charset=utf-8")
        assert 0 < int(page.headers["retry-after"]) <= 60
        assert "the limit default is used up" in page.text


async def test_lists_go_on(web: httpx.AsyncClient) -> None:
    """The next page keeps the filter."""
    for _ in range(3):
        await submit(web, "diag.noop", tags=["x"])
    page = await web.get("/jobs", params={"tag": "x", "limit": 2})
    assert page.text.count("<tr data-job=") == 2
    following = page.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert (await web.get(following)).text.count("<tr data-job=") == 1


async def test_the_overview_is_there_while_a_store_is_away(web: httpx.AsyncClient, servers: Servers) -> None:
    """It says what cannot be told; other pages say that a store is away, and when to come back."""
    async with stopped(servers.postgres):
        overview = await web.get("/")
        assert overview.status_code == 200
        assert "failures cannot be told now" in overview.text
        page = await web.get("/failures")
        assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    async with stopped(servers.redis):
        overview = await web.get("/")
        assert overview.status_code == 200
        assert "how the queues do cannot be told now" in overview.text
