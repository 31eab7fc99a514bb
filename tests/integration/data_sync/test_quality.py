"""The quality of a file is counted from what was read and loaded, shown with all its parts, and blocks nothing."""

from typing import Any

import httpx

from jobs.stores.database import Database
from tests.support.batches import end_of_batch, submit_batch
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.people import new_user
from tests.support.site import end_of, submit

ROWS = (
    ("A1", "x", 2, "1.50", "2026-03-01"),
    ("A1", "x", -5, "1,000.50", "2026-03-01"),
    ("A2", "x", "", "", "2026-03-02"),
    ("A3", "x", "many", "1", "2026-03-01"),
    ("A4", " ", 1, "1", "soon"),
)


async def _publish(site: httpx.AsyncClient) -> None:
    await publish(
        site,
        required_fields=["sku"],
        types={"quantity": "integer", "price": "number"},
        ranges={"quantity": {"minimum": 0}, "price": {"minimum": 1, "maximum": 1000}},
    )


def _parts(report: Any) -> dict[str, tuple[float | None, dict[str, float]]]:  # noqa: ANN401  JSON
    return {part["name"]: (part["score"], part["counts"]) for part in report["parts"]}


async def test_a_report_says_what_it_consists_of(site: httpx.AsyncClient) -> None:
    """Of five rows two are set aside; the answer of the job, its progress and the file show the same."""
    await _publish(site)
    file = (await upload(site, as_csv([ORDERS, *ROWS]), date_from="2026-03-01", date_to="2026-03-01")).json()
    path = f"/api/data-sync/files/{file['id']}/quality"
    assert (await site.get(path)).status_code == 404
    progress = await sync(site, file["id"])
    assert progress["rows"]["quarantined"] == 2
    shown = (await site.get(path)).json()
    del shown["measured_at"]
    assert _parts(shown) == {
        "required": (85.0, {"values": 20, "failing": 3}),
        "filled": (86.67, {"values": 15, "empty": 2}),
        "unique": (66.67, {"rows": 3, "repeated": 1}),
        "in_range": (57.14, {"values": 7, "outside": 3}),
        "volume": (None, {"rows": 5, "files": 0}),
    }
    assert shown["score"] == round((85 * 40 + 86.67 * 10 + 66.67 * 20 + 57.14 * 15) / 85, 2)
    assert progress["quality"] == shown
    assert (await site.get(f"/api/jobs/{progress['task_id']}")).json()["result"]["quality"] == shown
    again = await sync(site, file["id"])
    assert again["quality"] == shown


async def test_a_file_is_held_against_the_earlier_ones_of_its_source(site: httpx.AsyncClient) -> None:
    """By the median of their rows; other shops do not count, and a bad score stops nothing."""
    await publish(site)
    for amount, shop in ((2, "s1"), (4, "s1"), (4, "s1"), (50, "s2")):
        rows = [(f"{shop}-{amount}-{n}", "x", 1, "1", "2026-03-01") for n in range(amount)]
        name = {"shop_id": shop, "sub_domain": "a" if amount == 2 else ""}
        await sync(site, (await upload(site, as_csv([ORDERS, *rows]), **name)).json()["id"])
    await sync(site, (await upload(site, as_csv([ORDERS, ("B1", "x", 1, "1", "2026-03-01")]))).json()["id"])
    last = (await upload(site, as_csv([ORDERS, ("C1", "x", 1, "1", "2026-03-01")]))).json()
    progress = await sync(site, last["id"])
    assert _parts(progress["quality"])["volume"] == (40.0, {"rows": 1, "files": 2, "usual_rows": 2.5})
    assert progress["rows"]["inserted"] == 1


async def test_what_is_not_loaded_has_no_report(site: httpx.AsyncClient, database: Database) -> None:
    """Nothing is made up for a file without a template, or one whose headers have changed."""
    file = (await upload(site, as_csv([ORDERS, *ROWS]))).json()
    assert (await sync(site, file["id"]))["quality"] is None
    await publish(site, fields=(*ORDERS, "colour"))
    assert (await sync(site, file["id"]))["state"] == "failed"
    assert await database.fetch("SELECT FROM quality_reports") == []


async def test_a_batch_of_syncs_is_followed_by_its_report(site: httpx.AsyncClient, database: Database) -> None:
    """Made from the reports of its files, by their rows; a file that failed is counted as not measured."""
    await publish(site)
    contents = [as_csv([ORDERS, *[(f"A{n}", "x", 1, "1", "2026-03-01")] * (n + 1)]) for n in range(2)]
    broken = as_csv([ORDERS, ("A9", "x" * 40_000, 1, "1", "2026-03-01")])
    files = [(await upload(site, content)).json()["id"] for content in (*contents, broken)]
    await site.post("/api/queues/data_sync/pause")
    jobs: list[dict[str, object]] = [{"task": "sync_file", "args": {"file_id": file_id}} for file_id in files]
    batch = await submit_batch(site, jobs, on_complete={"task": "check_quality"})
    await database.execute(
        "UPDATE files SET job_id = jobs.id, fence = 0 FROM jobs WHERE jobs.args ->> 'file_id' = files.id::text"
    )
    await site.post("/api/queues/data_sync/resume")
    ended = await end_of_batch(site, batch["id"])
    result = (await end_of(site, ended["on_complete_job_id"]))["result"]
    scores = [(await site.get(f"/api/data-sync/files/{file_id}/quality")).json()["score"] for file_id in files[:2]]
    assert (result["files"], result["files_measured"], result["quality"]["rows_read"]) == (3, 2, 3)
    assert result["quality"]["score"] == round((scores[0] + 2 * scores[1]) / 3, 2)
    stored = await database.fetch_row("SELECT * FROM batch_quality_reports WHERE batch_id = $1", batch["id"])
    assert stored is not None
    assert (stored["files"], stored["files_measured"], stored["score"]) == (3, 2, result["quality"]["score"])


async def test_a_batch_of_another_is_not_there(site: httpx.AsyncClient) -> None:
    """Nobody measures what is not his, or what is no batch."""
    batch = await submit_batch(site, [{"task": "diag.noop"}])
    await end_of_batch(site, batch["id"])
    ann = await new_user(site, "ann")
    with ann.asking(site):
        for batch_id in (batch["id"], "nothing"):
            job = await end_of(site, (await submit(site, "check_quality", {"batch_id": batch_id}))["id"])
            assert (job["state"], job["error"]["type"]) == ("failed", "JobFailedError")
