"""Pages for everybody: for who sees little, has no mouse, runs no scripts, or has asked for much already."""

from collections.abc import Mapping

import pytest
from playwright.async_api import Browser, Page, expect

from app.dashboard.pages import PAGES
from tests.dashboard.conftest import Shown
from tests.support.browser import Window, window_on
from tests.support.dashboard import address, agree, fill, press, says
from tests.support.files import ORDERS, as_csv, upload
from tests.support.people import PASSWORD, log_in, sending
from tests.support.site import ADMIN_KEY, end_of, submit

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What a page tells: its headings, cells, terms and entries that can be seen.
_TOLD = """
() => [...document.querySelectorAll("main :is(h1, h2, th, td, dt, dd, li, pre, summary, legend)")]
  .filter((one) => one.checkVisibility()).map((one) => one.localName).join(" ")
"""
_READINGS = 5
# What could be pressed, and would do nothing.
_IDLE = """
() => [...document.querySelectorAll("button")].filter((one) => one.checkVisibility())
  .filter((one) => !["get", "post"].includes(one.form?.method)).map((one) => one.outerHTML)
"""


async def test_one_logs_in_and_out(shown: Shown, browser: Browser) -> None:
    """Led there and back; with a wrong password it says so, and stays."""
    async with window_on(browser, shown.url) as window:
        page = window.page
        await page.goto("/queues")
        await fill(page, Username="ann", Password="wrong")  # noqa: S106
        await press(page, "Log in")
        await expect(page.get_by_role("alert")).to_contain_text("username or password is wrong")
        assert any("401" in window.complaints.pop() for _ in window.complaints[:1])
        await fill(page, Password=PASSWORD)
        await press(page, "Log in")
        await expect(page.get_by_role("heading", name="Queues")).to_be_visible()
        await expect(page.get_by_role("link", name="Users")).to_have_count(0)
        await expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        await press(page, "Log out")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await page.goto("/queues")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await fill(page, Access_key=ADMIN_KEY)
        await press(page, "Log in by key")
        await expect(page.get_by_role("heading", name="Queues")).to_be_visible()
        await page.get_by_role("link", name="Account").click()
        await expect(page.get_by_role("heading", name="admin")).to_be_visible()
        await expect(page.get_by_role("button", name="Make a key")).to_have_count(0)


async def test_what_is_wrong_is_told_at_the_field(boss: Window, page: Page) -> None:
    """In the API's words, and the field is marked and has the focus."""
    await page.goto("/jobs/new?task=diag.sleep")
    await fill(page, seconds=1)
    await page.get_by_text("When and how").click()
    await page.get_by_label("Tries", exact=True).evaluate("field => field.removeAttribute('min')")
    await fill(page, Tries=0)
    await press(page, "Submit")
    await expect(page.get_by_role("alert")).to_contain_text("max_tries")
    await expect(page.get_by_label("Tries", exact=True)).to_be_focused()
    assert "422" in boss.complaints.pop()


async def test_pictures_are_shown(page: Page) -> None:
    """Small ones, each with its name for who cannot see it."""
    await page.goto("/pictures")
    picture = page.get_by_role("img", name="SKU S1, its main picture")
    await expect(picture).to_have_js_property("naturalWidth", 40)


@pytest.mark.timeout(300)
async def test_pages_shut_nobody_out(shown: Shown, boss: Window) -> None:
    """No serious finding of axe's, light or dark; on a phone no page is wider than that."""
    wrong = []
    for path in ["/login", *(one.path for one in PAGES)]:
        await boss.page.goto(address(path, shown.things))
        await expect(boss.page.locator("h1")).to_be_visible()
        wrong += await boss.look(path.strip("/").replace("/", "-").replace("{id}", "one") or "home")
    assert wrong == []


@pytest.mark.timeout(300)
async def test_pages_are_read_without_scripts(shown: Shown, boss: Window, browser: Browser) -> None:
    """All that they tell with scripts; logging in and out works, and nothing is offered that would do nothing."""
    async with window_on(browser, shown.url, scripts=False) as window:
        page = window.page
        await page.goto("/jobs")
        await page.get_by_label("Access key").fill(ADMIN_KEY[::-1])
        await press(page, "Log in by key")
        await expect(page.get_by_role("alert")).to_contain_text("this key is not known")
        assert "401" in window.complaints.pop()
        await page.get_by_label("Username").fill("boss")
        await page.get_by_label("Password").fill(PASSWORD)
        await press(page, "Log in")
        await expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
        for path in (address(one.path, shown.things) for one in PAGES):
            plain, scripted = await _told_by_both(path, plain=page, scripted=boss.page)
            assert plain == scripted, path
            assert await page.evaluate(_IDLE) == [], path
            await expect(page.locator("main noscript p")).to_be_visible()
        await page.goto("/account")
        await page.get_by_label("Present password").fill(PASSWORD)
        await page.get_by_label("New password").fill(f"another {PASSWORD}")
        await page.get_by_label("New password").press("Enter")
        assert page.url.endswith("/account")
        await press(page, "Log out")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await page.goto("/jobs")
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    await log_in(shown.api, "boss")
    shown.api.cookies.clear()


async def test_files_are_synced_together(shown: Shown, page: Page) -> None:
    """Those that are selected, as one batch."""
    for number in range(2):
        await upload(shown.api, as_csv([ORDERS, (f"B{number}", "x", 2, "1", "2026-03-01")]), shop_id="many")
    await page.goto("/files?shop_id=many")
    await press(page, "Sync selected")
    await says(page, "Nothing is selected.")
    await page.get_by_label("Select all files of this page").check()
    await press(page, "Sync selected")
    await agree(page, "Sync 2 files?")
    await says(page, "2 of them are being synced.")
    await page.get_by_role("status").get_by_role("link", name="Show it").click()
    await expect(page.locator("#now")).to_contain_text("2 of 2")


async def test_what_is_selected_waits_for_a_rate_limit(shown: Shown, browser: Browser) -> None:
    """Each of many is a request: what is refused is sent again when the limit says so, and meanwhile that is told."""
    token = (await log_in(shown.api, "ann"))["token"]
    shown.api.cookies.clear()
    config = (await shown.api.get("/api/rate-limit/config")).json()
    tiers = config["limits"]["tiers"]
    few = {**config["limits"], "tiers": {**tiers, "normal": {**tiers["normal"], "default": "60/minute burst 3"}}}
    with sending(shown.api, token):
        jobs = [await submit(shown.api, "diag.sleep", {"seconds": 60}, delay_s=600, tags=["many"]) for _ in range(4)]
    await _put_in_force(shown, few)
    async with window_on(browser, shown.url, session=token) as window:
        await window.page.goto("/jobs?tag=many")
        await window.page.get_by_label("Select all jobs of this page").check()
        await press(window.page, "Cancel selected")
        await agree(window.page, "Cancel 4 jobs?")
        await says(window.page, "a rate limit lets the next one pass in")
        await says(window.page, "4 done.")
        await window.page.goto("about:blank")  # it asks for itself once more, and may be refused
        assert all("429" in complaint for complaint in window.complaints)
        window.complaints.clear()
    await _put_in_force(shown, config["limits"])
    for job in jobs:
        assert (await end_of(shown.api, job["id"]))["state"] == "cancelled"


async def _told_by_both(path: str, *, plain: Page, scripted: Page) -> tuple[str, str]:
    """Give what a page tells without scripts and with them, while it stood still.

    Some change by being read: who reads for the sixtieth time in a minute is one who asks for far more than usual. So
    it is read without scripts once more, and all of it again where the two differ.
    """
    for _ in range(_READINGS):
        before = await _told(plain, path)
        between = await _told(scripted, path)
        after = await _told(plain, path)
        if before == after:
            return after, between
    raise AssertionError(f"{path} told something else each time")


async def _told(page: Page, path: str) -> str:
    await page.goto(path)
    told: str = await page.evaluate(_TOLD)
    return told


async def _put_in_force(shown: Shown, limits: Mapping[str, object]) -> None:
    version = (await shown.api.get("/api/rate-limit/config")).json()["version"]
    headers = {"If-Match": f'"{version}"'}
    assert (await shown.api.put("/api/rate-limit/config", json=limits, headers=headers)).status_code == 200
