"""What a sync notes, and what follows it: the version that it ran with, and the pictures of its file."""

import httpx

from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.files import ORDERS, as_csv, publish, sync, upload
from tests.support.pictures import book_of, noise, publish_products, upload_book
from tests.support.site import end_of


async def test_a_sync_notes_the_version_that_it_ran_with(site: httpx.AsyncClient) -> None:
    """The active one at that moment, none where none was entered."""
    await publish(site)
    versions: list[str | None] = []
    for number, version in enumerate([None, "1.4.0"]):
        if version is not None:
            body = {"component": "sync_file", "version": version}
            assert (await site.post("/api/data-sync/component-versions", json=body)).status_code == 201
        file = await upload(site, as_csv([ORDERS, (f"A{number}", "x", 1, "1", "2026-03-01")]))
        progress = await sync(site, file.json()["id"])
        job = (await site.get(f"/api/jobs/{progress['task_id']}")).json()
        versions.append(job["result"]["component_version"])
        assert job["result"]["images_task_id"] is None
    assert versions == [None, "1.4.0"]


async def test_pictures_follow_their_rows(site: httpx.AsyncClient, database: Database) -> None:
    """The job that extracts them is accepted with the rows, comes in line by itself, and from the same request."""
    await publish_products(site)
    file = await upload_book(site, book_of([("A1", [noise(64)]), ("A2", []), ("A3", [noise(65)])]))
    progress = await sync(site, file["id"])
    job = (await site.get(f"/api/jobs/{progress['task_id']}")).json()
    images = job["result"]["images_task_id"]
    assert images is not None

    async def has_ended() -> bool:
        return bool(await database.fetch("SELECT FROM jobs WHERE id = $1 AND finished_at IS NOT NULL", images))

    await eventually(has_ended, within_s=40)
    ended = await end_of(site, images)
    assert (ended["state"], ended["request_id"]) == ("succeeded", job["request_id"])
    assert job["request_id"]
    rows = await database.fetch("SELECT sku FROM product_images ORDER BY sku")
    assert [row["sku"] for row in rows] == ["A1", "A3"]
