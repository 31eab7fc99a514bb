"""Pages for who has a keyboard alone: each stop is seen, and the focus is where one expects it."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.dashboard.conftest import Shown
from tests.support.browser import window_on
from tests.support.dashboard import says, wait_long
from tests.support.people import PASSWORD
from tests.support.site import submit

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
# The page is asked for again, as one that is shown again is.
_ASK_AGAIN = """
() => new Promise((done) => {
  document.addEventListener("fresh", () => done(), {once: true});
  document.getElementById("content").dataset.every = 60;
  document.dispatchEvent(new Event("visibilitychange"));
})
"""


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
        await expect(page.get_by_label("Username")).to_be_focused()
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


async def test_who_types_is_not_disturbed_by_a_page_made_anew(shown: Shown, page: Page) -> None:
    """The cursor stays where it is, and what is selected to be typed over stays so."""
    await page.goto("/component-versions?component=sync_file")
    (version,) = (await shown.api.get("/api/data-sync/component-versions?component=sync_file")).json()["items"]
    state, notes = page.locator("#versions .state"), page.get_by_label("Notes of sync_file 1.0.0")

    async def change(status: str) -> None:
        changed = await shown.api.patch(f"/api/data-sync/component-versions/{version['id']}", json={"status": status})
        assert changed.is_success, changed.text
        await page.evaluate(_ASK_AGAIN)

    await page.get_by_text("Edit notes").click()
    await notes.evaluate("field => { field.focus(); field.setSelectionRange(3, 3); }")
    await change("deprecated")
    await expect(state).to_have_text("deprecated")
    await page.keyboard.type(" very")
    await expect(notes).to_have_value("the very first")
    await notes.fill(version["notes"])
    await notes.select_text()
    await change("active")
    await page.keyboard.type("mine")
    await expect(notes).to_have_value("mine")
    await page.reload()
    await expect(state).to_have_text("active")


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
        await wait_long(page)
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
