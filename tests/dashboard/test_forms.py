"""Forms in a browser send what was typed, all of it and nothing else, once."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.dashboard.conftest import Shown
from tests.support.dashboard import agree, fill, press, says
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.people import new_user
from tests.support.shops import new_shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Once the page is left, which takes until the next one has come.
_PRESS_AGAIN = """
() => navigation.addEventListener("navigate", () => setTimeout(() => {
  document.querySelector("form[data-send] > button").click();
  setTimeout(tell);
}), {once: true})
"""


async def test_a_quota_of_nothing_stays(shown: Shown, page: Page) -> None:
    """Who may run nothing still may not once another of his numbers was changed."""
    owner = (await new_user(shown.api, "idle")).id
    assert (await shown.api.patch(f"/api/quota/{owner}", json={"max_running": 0})).status_code == 200
    await page.goto(f"/quota?owner={owner}")
    await expect(page.get_by_label("Own number of running jobs")).to_have_value("0")
    await fill(page, Own_number_of_unfinished_jobs=7)
    await press(page, "Save")
    await expect(page.get_by_text("of 7")).to_be_visible()
    quota = (await shown.api.get("/api/quota", params={"owner": owner})).json()
    assert quota["overrides"] == {"max_running": 0, "max_waiting": 7}


async def test_what_is_not_mended_of_a_row_stays(shown: Shown, page: Page) -> None:
    """A cell of several lines is sent only if it was changed, and keeps its lines."""
    await publish(shown.api, platform="lines", types={"quantity": "integer"})
    rows = [("A1", "one\ntwo", "many", "1", "2026-03-01"), ("A2", "three\nfour", "few", "1", "2026-03-01")]
    file = (await upload(shown.api, as_csv([ORDERS, *rows]), platform="lines")).json()
    await sync(shown.api, file["id"])
    await page.goto(f"/files/{file['id']}")
    for number, changes in ((2, {"quantity": "3"}), (3, {"sku": "three\nfive", "quantity": "4"})):
        row = page.locator(f"#row-{number}")
        await row.get_by_text(f"Row {number}:").click()
        for name, text in changes.items():
            await row.get_by_label(name).fill(text)
        async with page.expect_request("**/replay") as asked:
            await press(page, "Load this row", within=row)
        assert (await asked.value).post_data_json == {"row": changes}
        await says(page, f"Row {number} was inserted")


async def test_a_number_is_sent_as_it_was_typed(page: Page) -> None:
    """Or not at all: a script has no room for so many digits."""
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    await page.goto("/jobs/new?task=diag.progress")
    await fill(page, steps="9007199254740993", seconds="0")
    await press(page, "Submit")
    await expect(page.locator("[data-mistakes]")).to_have_text(
        "args.steps has more digits than can be sent from a page"
    )
    assert not sent


async def test_who_presses_twice_submits_once(page: Page) -> None:
    """Also where the page that follows is slow to come."""
    sent, pressed_again = [], asyncio.Event()

    async def follow_late(route: Route) -> None:
        await pressed_again.wait()
        await route.continue_()

    await page.goto("/jobs/new?task=diag.noop")
    await page.expose_function("tell", pressed_again.set)
    await page.evaluate(_PRESS_AGAIN)
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    await page.route("**/jobs/*", follow_late)
    await press(page, "Submit")
    await expect(page.get_by_role("heading", name="diag.noop", level=1)).to_be_visible()
    assert len(sent) == 1


async def test_a_question_names_what_it_is_about(shown: Shown, page: Page) -> None:
    """Whatever signs the name has in it."""
    await new_shop(shown.api, platform="signs", shop_id="s7", name="{picked} & <b>{name}</b>")
    await page.goto("/shops?platform=signs")
    await press(page, "Delete {picked} & <b>{name}</b>")
    await agree(page, "Delete {picked} & <b>{name}</b>?")
    await says(page, "{picked} & <b>{name}</b> is deleted.")
