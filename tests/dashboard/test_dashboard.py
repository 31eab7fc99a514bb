"""The dashboard in a browser, as people press and read it: each walk ends with no complaint of the browser's."""

from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Shown
from tests.support.browser import Window
from tests.support.conditions import eventually, reaches
from tests.support.dashboard import agree, fill, press, says, wait_long
from tests.support.files import ORDERS, as_csv, publish
from tests.support.people import PASSWORD
from tests.support.site import end_of, submit

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_overview_shows_what_happens(shown: Shown, boss: Window) -> None:
    """Figures, charts and bars, while jobs run; a picture of it is in README.md."""
    page = boss.page
    jobs = [{"task": "diag.progress", "args": {"steps": 100, "seconds": 30 + 5 * number}} for number in range(6)]
    batch = (await shown.api.post("/api/batches", json={"jobs": jobs})).json()
    await page.goto("/")
    await expect(page.locator("#running-jobs tr[data-job]")).to_have_count(4)
    await expect(page.locator("#figures .figure").filter(has_text="Running")).to_contain_text("4")
    await expect(page.locator("#running-jobs progress").first).to_have_js_property("max", 100)
    await expect(page.locator("#latest-causes")).to_contain_text("diag.fail")
    await expect(page.locator("[data-chart] canvas")).to_have_count(3)
    await boss.shoot("overview")
    await shown.api.post(f"/api/batches/{batch['id']}/cancel")


async def test_a_job_is_submitted_followed_and_cancelled(shown: Shown, page: Page) -> None:
    """Its bar moves while it runs, and its state changes, with nobody asking for the page."""
    await page.goto("/jobs/new")
    await page.get_by_role("combobox", name="Task").select_option("diag.progress")
    await press(page, "Show its arguments")
    await fill(page, steps=200, seconds=60)
    await press(page, "Submit")
    await expect(page.get_by_role("heading", name="diag.progress")).to_be_visible()
    bar = page.get_by_role("progressbar")
    await expect(bar).to_have_js_property("max", 200)
    first = await bar.evaluate("bar => bar.value")
    await page.wait_for_function("first => document.querySelector('#now progress').value > first", arg=first)
    await wait_long(page)
    await press(page, "Cancel")
    await agree(page, "Cancel this job?")
    await says(page, "Cancel: stopped.")
    await expect(page.locator("#heading .state")).to_have_text("cancelled")
    await expect(page.locator("#tries-table")).to_contain_text("cancelled")
    job = await end_of(shown.api, page.url.rsplit("/", 1)[1])
    assert (job["state"], job["args"]) == ("cancelled", {"steps": 200, "seconds": 60})


async def test_a_failure_is_read_and_retried(shown: Shown, page: Page) -> None:
    """By its cause, then alone; what it said is shown as text, with the traceback of each try."""
    await page.goto("/failures")
    cause = page.get_by_role("article").filter(has_text="diag.fail")
    await cause.get_by_role("link", name="Failed jobs of this task").click()
    await page.locator(f"[data-job='{shown.things['failed']}']").get_by_role("link").first.click()
    await expect(page.locator("#now .said")).to_have_text("<b>not bold</b>")
    await page.get_by_text("Try 1.2").click()
    await expect(page.get_by_role("region", name="Traceback of try 1.2")).to_contain_text("DiagnosticError")
    await press(page, "Retry")
    await says(page, "It runs once more.")
    await expect(page.locator("#tries-table")).to_contain_text("2.2")
    await eventually(partial(_last_try_is_written, shown))  # only then is it one of the failures
    await page.goto("/failures")
    await press(page, "Retry all", within=cause)
    await agree(page, "jobs of this cause?")
    await says(page, "run once more")
    job = await reaches(shown.api, shown.things["failed"], "failed")
    assert job["run"] >= 3


async def _last_try_is_written(shown: Shown) -> bool:
    last = (await shown.api.get(f"/api/jobs/{shown.things['failed']}")).json()["attempts"][-1]
    return (last["run"], last["try"], bool(last["traceback"])) == (2, 2, True)


async def test_a_queue_is_paused_and_goes_on(shown: Shown, page: Page) -> None:
    """A job of it says why it waits, and starts once the queue does."""
    await page.goto("/queues")
    await press(page, "Pause scheduled")
    await agree(page, "Pause scheduled?")
    await says(page, "scheduled is paused.")
    job = await submit(shown.api, "diag.noop", queue="scheduled")
    await page.goto(f"/jobs/{job['id']}")
    await expect(page.get_by_text("its queue is paused")).to_be_visible()
    await page.goto("/queues")
    await press(page, "Resume scheduled")
    await says(page, "scheduled goes on.")
    assert (await end_of(shown.api, job["id"]))["state"] == "succeeded"


async def test_a_batch_is_followed_and_cancelled(shown: Shown, page: Page) -> None:
    """From the list of batches to its jobs."""
    jobs = [{"task": "diag.sleep", "args": {"seconds": 60}}, {"task": "diag.noop"}]
    batch = (await shown.api.post("/api/batches", json={"jobs": jobs, "name": "night"})).json()
    await page.goto("/batches")
    await page.get_by_role("link", name="night").click()
    await expect(page.get_by_text("1 of 2")).to_be_visible()
    await press(page, "Cancel all")
    await agree(page, "There are 1 of them.")
    await says(page, "are being cancelled")
    await expect(page.locator("#heading .state")).to_have_text("partial")
    await page.get_by_role("link", name="Its jobs").click()
    await expect(page.locator("tr[data-job]")).to_have_count(2)
    assert batch["id"] in page.url


async def test_a_schedule_runs_out_of_turn(page: Page) -> None:
    """And leads to its job."""
    await page.goto("/schedules")
    await press(page, "Run now nap")
    await page.get_by_role("status").get_by_role("link", name="Show it").click()
    await expect(page.locator("#heading .state")).to_have_text("succeeded")
    await expect(page.locator("#now")).to_contain_text("schedule:nap")


async def test_a_template_is_made_and_published(page: Page) -> None:
    """A draft first, which counts for nothing; its keys are the domain's where nobody says others."""
    await page.goto("/templates")
    await page.get_by_text("New template").click()
    form = page.locator("#new-template")
    await form.get_by_label("Platform").fill("bazaar")
    await form.get_by_label("Headers, in order").fill("\n".join(ORDERS))
    await form.get_by_label("Header of the day").fill("ordered_at")
    await form.get_by_label("Types").fill('{"quantity": "integer"}')
    await press(page, "Make a draft")
    await press(page, "Publish")
    await says(page, "It counts from the next sync on.")
    await expect(page.locator("#heading .state")).to_have_text("published")
    await expect(page.get_by_role("row", name="order_no yes")).to_be_visible()


async def test_a_file_is_uploaded_synced_and_mended(shown: Shown, page: Page, tmp_path: Path) -> None:
    """The row that was set aside is mended and loaded."""
    await publish(shown.api, platform="market", types={"quantity": "integer"})
    file = tmp_path / "day.csv"
    file.write_bytes(as_csv([ORDERS, ("A1", "x", 2, "1", "2026-03-01"), ("A2", "y", "many", "1", "2026-03-01")]))
    await page.goto("/files")
    form = page.locator("form[data-upload]")
    await form.get_by_label("Platform").fill("market")
    await form.get_by_label("Shop").fill("s1")
    await form.locator("input[type=file]").set_input_files(file)
    await press(page, "Upload")
    await says(page, "day.csv is there.")
    row = page.locator("#files tr").filter(has_text="day.csv")
    await expect(row.locator(".state")).to_have_text("partial")
    await row.get_by_role("link", name="Last sync").click()
    await expect(page.locator("#now")).to_contain_text("1 of 1")
    await page.goto("/files?platform=market")
    await page.get_by_role("link", name="day.csv", exact=True).click()
    await page.get_by_text("Row 3:").click()
    await fill(page, quantity=3)
    await press(page, "Load this row")
    await says(page, "was inserted; 0 are left")
    await expect(page.locator("#heading .state")).to_have_text("ingested")
    await page.get_by_role("link", name="Preview").click()
    await expect(page.locator("#rows")).to_contain_text("A2")
    listed = (await shown.api.get("/api/data-sync/files", params={"platform": "market"})).json()["items"]
    assert [file["state"] for file in listed] == ["ingested"]


async def test_shops_are_entered_and_changed(shown: Shown, page: Page) -> None:
    """By administrators; what came from one that is deleted stays."""
    await page.goto("/shops")
    await page.get_by_text("New shop").click()
    form = page.locator("#new-shop")
    for label, text in {"Platform": "bazaar", "Its name there": "s9", "What people call it": "Nine"}.items():
        await form.get_by_label(label).fill(text)
    await press(page, "Enter")
    await says(page, "Nine is entered.")
    await page.get_by_label("Name of Nine").fill("Number nine")
    await page.get_by_label("Name of Nine").press("Enter")
    await says(page, "It is called Number nine now.")
    await press(page, "Disable Number nine")
    await says(page, "Number nine is disabled.")
    asked = {"platform": "bazaar", "enabled": "false"}
    (shop,) = (await shown.api.get("/api/data-sync/accounts", params=asked)).json()["items"]
    assert (shop["name"], shop["shop_id"]) == ("Number nine", "s9")
    await press(page, "Delete Number nine")
    await agree(page, "What came from it stays.")
    await expect(page.locator("#shops")).not_to_contain_text("s9")


async def test_versions_are_deprecated_and_the_cache_is_cleared(shown: Shown, page: Page) -> None:
    """With notes of several lines; the log has who cleared what."""
    await page.goto("/component-versions?component=sync_file")
    await press(page, "Deprecate sync_file 1.0.0")
    await agree(page, "Deprecate sync_file 1.0.0?")
    await says(page, "sync_file 1.0.0 is deprecated.")
    await page.get_by_text("Edit notes").click()
    await page.get_by_label("Notes of sync_file 1.0.0").fill("slow\nand old")
    await press(page, "Save the notes of sync_file 1.0.0")
    await expect(page.locator("#versions .said")).to_have_text("slow\nand old", use_inner_text=True)
    await page.goto("/cache")
    await press(page, "Clear shops")
    await agree(page, "Clear shops?")
    await says(page, "shops is cleared.")
    (deed,) = (await shown.api.get("/api/audit", params={"action": "cache.clear"})).json()["items"]
    assert deed["object_id"] == "shops"


async def test_files_are_dropped(page: Page) -> None:
    """As from a folder of the reader's, without a press on anything."""
    await page.goto("/files")
    form = page.locator("form[data-upload]")
    await form.get_by_label("Platform").fill("nobody")
    await form.get_by_label("Shop").fill("s1")
    dropped = await page.evaluate_handle(
        "() => { const all = new DataTransfer(); all.items.add(new File(['a\\n1\\n'], 'dropped.csv')); return all; }"
    )
    await page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": dropped})
    await says(page, "dropped.csv is there.")
    await expect(page.locator("#files tr").filter(has_text="dropped.csv").locator(".state")).to_have_text(
        "needs template"
    )


async def test_a_limit_is_edited(shown: Shown, boss: Window, page: Page) -> None:
    """By the version that was read: who has read an older one is told, and nothing is overwritten."""
    await page.goto("/limits")
    await page.get_by_label("normal, default").fill("77/minute")
    await press(page, "Put in force")
    await expect(page.get_by_text("Version 1")).to_be_visible()
    config = (await shown.api.get("/api/rate-limit/config")).json()
    assert config["limits"]["tiers"]["normal"]["default"] == "77/minute"
    changed = {**config["limits"], "ip_guard": "999999/minute"}
    await shown.api.put("/api/rate-limit/config", json=changed, headers={"If-Match": '"1"'})
    await press(page, "Put in force")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    assert "412" in boss.complaints.pop()
    assert (await shown.api.get("/api/rate-limit/config")).json()["version"] == 2


async def test_a_user_is_made_and_changed(page: Page) -> None:
    """With a quota of his own; the log has all of it."""
    await page.goto("/users")
    await page.get_by_text("New user").click()
    await fill(page, Username="carl", Password=PASSWORD)
    await press(page, "Create")
    await says(page, "carl may log in now.")
    row = page.locator("#users tr").filter(has_text="carl")
    await row.get_by_label("Role of carl").select_option("premium")
    await press(page, "Save the role of carl", within=row)
    await says(page, "carl is premium now.")
    await row.get_by_role("link", name="Quota of carl").click()
    await fill(page, Own_number_of_running_jobs=3)
    await press(page, "Save")
    await expect(page.locator("#now")).to_contain_text("of 3")
    await page.goto("/users")
    await press(page, "Disable carl")
    await agree(page, "Disable carl?")
    await expect(row).to_contain_text("disabled")
    await page.goto("/audit")
    for action in ("user.create", "user.change", "quota.change"):
        await expect(page.locator("#audit")).to_contain_text(action)


async def test_a_key_is_made_and_revoked(page: Page) -> None:
    """Its text is shown once."""
    await page.goto("/account")
    await fill(page, What_the_key_is_for="laptop")
    await press(page, "Make a key")
    await expect(page.locator("[data-shown]")).not_to_be_empty()
    await press(page, "Revoke laptop")
    await agree(page, "Revoke the key laptop?")
    await says(page, "laptop is revoked.")
    await expect(page.locator("#keys")).not_to_contain_text("laptop")
