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

_MOST_TABS = 80
# What has the focus: its text, whether it can be seen that it has, and whether it lies within the dialog.
_FOCUSED = r"""
() => {
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const isSeen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 && box.width > 0
    && box.bottom > 0 && box.top < innerHeight;
  const label = one.labels?.[0]?.firstChild?.textContent;
  return {text: (one.getAttribute("aria-label") ?? label ?? one.textContent).replace(/\s+/g, " ").trim(), isSeen,
    isNowhere: one === document.body, isWithin: one.closest("dialog") !== null};
}
"""
# What a page tells: its headings, cells, terms and entries that can be seen.
_TOLD = """
() => [...document.querySelectorAll("main :is(h1, h2, th, td, dt, dd, li, pre, summary, legend)")]
  .filter((one) => one.checkVisibility()).map((one) => one.localName).join(" ")
"""
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


async def test_pages_shut_nobody_out(shown: Shown, boss: Window) -> None:
    """No serious finding of axe's, light or dark; on a phone no page is wider than that."""
    wrong = []
    for path in ["/login", *(one.path for one in PAGES)]:
        await boss.page.goto(address(path, shown.things))
        await expect(boss.page.locator("h1")).to_be_visible()
        wrong += await boss.look(path.strip("/").replace("/", "-").replace("{id}", "one") or "home")
    assert wrong == []


async def _tab_to(page: Page, text: str) -> None:
    """Press Tab until what has this text has the focus; at each stop it is seen where that is."""
    for _ in range(_MOST_TABS):
        await page.keyboard.press("Tab")
        focused = await page.evaluate(_FOCUSED)
        assert focused["isSeen"] or focused["isNowhere"], focused
        if focused["text"] == text:
            return
    raise AssertionError(f"no Tab leads to {text}")


async def _answer(page: Page, question: str) -> None:
    """Press the button that has the focus, and say yes to this question."""
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alertdialog")).to_contain_text(question)
    await _tab_to(page, "Yes")
    await page.keyboard.press("Enter")


async def test_who_has_no_mouse_logs_in_and_pauses_a_queue(shown: Shown, browser: Browser) -> None:
    """The first stop leads past the menu; a dialog keeps the focus, and gives it back."""
    async with window_on(browser, shown.url) as window:
        page, keys = window.page, window.page.keyboard
        await page.goto("/queues")
        await keys.type("boss")
        await keys.press("Tab")
        await keys.type(PASSWORD)
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="Queues")).to_be_visible()
        await _tab_to(page, "Skip to the content")
        await keys.press("Enter")
        await expect(page.locator("main")).to_be_focused()
        await _tab_to(page, "Pause scheduled")
        await keys.press("Enter")
        await expect(page.get_by_role("button", name="No")).to_be_focused()
        assert await window.barriers() == []
        for _ in range(5):
            await keys.press("Tab")
            focused = await page.evaluate(_FOCUSED)
            assert focused["isWithin"] or focused["isNowhere"], focused
        await keys.press("Escape")
        await expect(page.get_by_role("button", name="Pause scheduled")).to_be_focused()
        await _answer(page, "Pause scheduled?")
        await says(page, "scheduled is paused.")
        await expect(page.get_by_role("button", name="Resume scheduled")).to_be_focused()
        await keys.press("Space")
        await says(page, "scheduled goes on.")


async def test_the_focus_stays_where_others_change_the_page(shown: Shown, browser: Browser) -> None:
    """Whether what has it is made anew, or a dialog is open meanwhile that will give it back."""
    async with window_on(browser, shown.url, session=shown.session) as window:
        page, keys = window.page, window.page.keyboard
        await shown.api.post("/api/queues/scheduled/pause")
        await page.goto("/queues")
        await _tab_to(page, "Resume scheduled")
        await shown.api.post("/api/queues/scheduled/resume")
        await expect(page.get_by_role("button", name="Pause scheduled")).to_be_focused()
        await keys.press("Enter")
        await expect(page.get_by_role("alertdialog")).to_be_visible()
        await shown.api.post("/api/queues/scheduled/pause")
        await expect(page.locator("#turn-scheduled")).to_contain_text("Resume")
        await keys.press("Escape")
        await expect(page.get_by_role("button", name="Resume scheduled")).to_be_focused()
        await shown.api.post("/api/queues/scheduled/resume")


async def test_who_has_no_mouse_submits_a_job_and_cancels_it(shown: Shown, browser: Browser) -> None:
    """Where the button that was pressed is gone, its region has the focus."""
    async with window_on(browser, shown.url, session=shown.session) as window:
        page, keys = window.page, window.page.keyboard
        await page.goto("/jobs/new")
        await _tab_to(page, "Task")
        await keys.type("diag.slee")
        await _tab_to(page, "Show its arguments")
        await keys.press("Enter")
        await expect(page.get_by_role("heading", name="diag.sleep")).to_be_visible()
        await _tab_to(page, "seconds")
        await keys.type("60")
        await _tab_to(page, "When and how")
        await keys.press("Enter")
        await _tab_to(page, "Submit")
        await keys.press("Enter")
        await expect(page.locator("#heading .state")).to_have_text("running")
        await _tab_to(page, "Cancel")
        await _answer(page, "Cancel this job?")
        await says(page, "Cancel: stopped.")
        await expect(page.locator("#heading")).to_be_focused()
        await _tab_to(page, "Retry")


async def test_who_has_no_mouse_cancels_what_is_listed(shown: Shown, browser: Browser) -> None:
    """All of a page by one box."""
    async with window_on(browser, shown.url, session=shown.session) as window:
        page, keys = window.page, window.page.keyboard
        for _ in range(2):
            await submit(shown.api, "diag.noop", delay_s=600, tags=["keys"])
        await page.goto("/jobs?tag=keys")
        await _tab_to(page, "Select all jobs of this page")
        await keys.press("Space")
        await expect(page.get_by_text("2 selected")).to_be_visible()
        for _ in range(3):
            await keys.press("Shift+Tab")
        await expect(page.get_by_role("button", name="Cancel selected")).to_be_focused()
        await _answer(page, "Cancel 2 jobs?")
        await says(page, "2 done.")


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
            await page.goto(path)
            await boss.page.goto(path)
            assert await page.evaluate(_IDLE) == [], path
            assert await page.evaluate(_TOLD) == await boss.page.evaluate(_TOLD), path
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
        assert all("429" in complaint for complaint in window.complaints)
        window.complaints.clear()
    await _put_in_force(shown, config["limits"])
    for job in jobs:
        assert (await end_of(shown.api, job["id"]))["state"] == "cancelled"


async def _put_in_force(shown: Shown, limits: Mapping[str, object]) -> None:
    version = (await shown.api.get("/api/rate-limit/config")).json()["version"]
    headers = {"If-Match": f'"{version}"'}
    assert (await shown.api.put("/api/rate-limit/config", json=limits, headers=headers)).status_code == 200
