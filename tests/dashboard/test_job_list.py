"""The list of jobs in a browser: what happens comes up by itself, and what is filtered stays so."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.dashboard.conftest import Shown
from tests.support.browser import Window
from tests.support.dashboard import agree, fill, press, says
from tests.support.site import end_of, submit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_list_shows_what_happens(shown: Shown, page: Page) -> None:
    """A new job comes up, ends, and several are cancelled at once."""
    await page.goto("/jobs?tag=seen")
    await expect(page.get_by_text("There are none")).to_be_visible()
    jobs = [await submit(shown.api, "diag.sleep", {"seconds": 60}, tags=["seen"]) for _ in range(2)]
    for job in jobs:
        await expect(page.locator(f"[data-job='{job['id']}'] .state")).to_have_text("running")
    await page.get_by_label("Select all jobs of this page").check()
    await expect(page.get_by_text("2 selected")).to_be_visible()
    await press(page, "Cancel selected")
    await agree(page, "Cancel 2 jobs?")
    await says(page, "2 done.")
    for job in jobs:
        await expect(page.locator(f"[data-job='{job['id']}'] .state")).to_have_text("cancelled")
        assert (await end_of(shown.api, job["id"]))["state"] == "cancelled"


async def test_a_list_shows_what_came_before_it_followed(shown: Shown, page: Page) -> None:
    """A job that was accepted after the page had been made, and told before anybody heard."""
    may_follow = asyncio.Event()

    async def follow_late(route: Route) -> None:
        await may_follow.wait()
        await route.continue_()

    await page.route("**/api/events", follow_late)
    await page.goto("/jobs?tag=early")
    await expect(page.get_by_text("There are none")).to_be_visible()
    job = await submit(shown.api, "diag.noop", tags=["early"])
    await end_of(shown.api, job["id"])
    may_follow.set()
    await expect(page.locator(f"[data-job='{job['id']}'] .state")).to_have_text("succeeded")


async def test_a_list_is_filtered(shown: Shown, page: Page) -> None:
    """What is left empty is no filter, and times are picked as the reader's clock has them."""
    await page.goto("/jobs")
    await page.get_by_role("combobox", name="State").select_option("scheduled")
    await fill(page, Tag="later", Accepted_from="2026-01-01T08:00")
    await press(page, "Filter")
    await expect(page.locator("tr[data-job]")).to_have_count(1)
    assert "accepted_after=2026-01-01T00%3A00%3A00.000Z" in page.url
    await expect(page.get_by_label("Accepted from")).to_have_value("2026-01-01T08:00")
    await page.locator(f"[data-job='{shown.things['waits']}']").get_by_role("link").first.click()
    await expect(page.get_by_text("It waits: it is not due yet")).to_be_visible()


async def test_a_filter_stays_that_no_task_names(page: Page) -> None:
    """A task or queue that jobs have and nobody declares is kept by the next filter."""
    await page.goto("/jobs?task=shop.gone&queue=former")
    await expect(page.get_by_role("combobox", name="Task")).to_have_value("shop.gone")
    await fill(page, Tag="later")
    await press(page, "Filter")
    await expect(page.get_by_label("Tag")).to_have_value("later")
    assert "task=shop.gone&queue=former" in page.url
    await expect(page.get_by_text("There are none")).to_be_visible()


async def test_a_list_goes_on_after_an_outage(shown: Shown, boss: Window, page: Page) -> None:
    """Where the stream was refused, and the page could not be had either the first time."""
    is_away = True

    async def refuse(route: Route) -> None:
        await route.continue_(url=f"{shown.url}/api/jobs/nothing/events" if is_away else None)

    async def vanish(route: Route) -> None:
        await (route.abort() if is_away and not route.request.is_navigation_request() else route.continue_())

    await page.route("**/api/events", refuse)
    await page.route("**/jobs?tag=back", vanish)
    async with page.expect_event("requestfailed", lambda failed: failed.url.endswith("tag=back")):
        await page.goto("/jobs?tag=back")
    is_away = False
    job = await submit(shown.api, "diag.noop", tags=["back"])
    await expect(page.locator(f"[data-job='{job['id']}'] .state")).to_have_text("succeeded")
    boss.complaints.clear()
