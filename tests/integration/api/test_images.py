"""/api/data-sync/images, profiles and /api/data-processing: who sees what, how images are served, one job a file."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image

from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.data_processing.follow import extract_after
from jobs.tasks.data_processing.media import Media, Size
from jobs.tasks.data_sync.catalogue import Catalogue
from jobs.tasks.data_sync.uploads import Uploads
from tests.support.files import ORDERS, as_csv, upload
from tests.support.people import new_user, sending
from tests.support.pictures import (
    book_of,
    colour_of,
    extract,
    extract_book,
    keep_image,
    picture,
    publish_products,
    upload_book,
)
from tests.support.site import ADMIN_KEY, end_of, running_worker

IMAGES = "/api/data-sync/images"
RED, GREEN, BLUE = (picture(colour, (3000, 300)) for colour in ("red", "green", "blue"))


async def skus(client: httpx.AsyncClient, **wanted: str) -> list[str]:
    """List the SKUs of images, one page after the other, newest first."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(IMAGES, params={"limit": "2", **wanted, **cursor})
        assert answer.status_code == 200, answer.text
        found += [image["sku"] for image in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": answer.json()["next_cursor"]}


async def test_an_image_is_served_with_what_caches_need(site: httpx.AsyncClient, tmp_path: Path) -> None:
    """Both sizes as JPEGs with an ETag; 304 for who has them; HEAD as GET."""
    await publish_products(site)
    await extract_book(site, book_of([("A1", [BLUE])]))
    (image,) = (await site.get(IMAGES)).json()["items"]
    assert (image["platform"], image["shop_id"], image["sku"], image["is_main"]) == ("shop", "s1", "A1", True)
    for path, size in ((f"{IMAGES}/{image['id']}", (1920, 192)), (f"{IMAGES}/{image['id']}/thumbnail", (200, 20))):
        served = await site.get(path)
        assert (served.status_code, served.headers["content-type"]) == (200, "image/jpeg")
        assert served.headers["etag"] == f'"{image["sha256"]}"'
        assert served.headers["cache-control"] == "private, max-age=86400"
        assert served.headers["x-content-type-options"] == "nosniff"
        copy = tmp_path / "copy.jpg"
        copy.write_bytes(served.content)
        with Image.open(copy) as opened:
            assert (opened.format, opened.size) == ("JPEG", size)
        assert colour_of(served.content) == "blue"
        head = await site.head(path)
        assert (head.status_code, head.content, head.headers["content-length"]) == (
            200, b"", str(len(served.content)),
        )  # fmt: skip
        for tags in (served.headers["etag"], f'"x", W/{served.headers["etag"]}', "*"):
            same = await site.get(path, headers={"If-None-Match": tags})
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", served.headers["etag"])
        assert (await site.get(path, headers={"If-None-Match": '"other"'})).status_code == 200
        for asked in ("bytes=9-0", "nothing", "bytes=9999999999-"):
            assert (await site.get(path, headers={"Range": asked})).content == served.content
    assert (image["width"], image["height"]) == (1920, 192)
    assert image["bytes"] == len((await site.get(f"{IMAGES}/{image['id']}")).content)


async def test_images_are_listed_newest_first_by_filters_and_pages(site: httpx.AsyncClient) -> None:
    """By platform, shop and SKU, for administrators and for others alike."""
    await publish_products(site)
    await publish_products(site, platform="other")
    ann = await new_user(site, "ann")
    with ann.asking(site):
        await extract_book(site, book_of([(f"A{n}", [picture(size=(40, 30 + n))]) for n in range(5)]))
        await extract_book(site, book_of([("A1", [BLUE])]), shop_id="s2")
        await extract_book(site, book_of([("B1", [GREEN])]), platform="other")
    for key in (ann.key, ADMIN_KEY):
        with sending(site, key):
            assert (await skus(site))[:2] == ["B1", "A1"]
            assert sorted(await skus(site)) == ["A0", "A1", "A1", "A2", "A3", "A4", "B1"]
            assert await skus(site, platform="other") == ["B1"]
            assert await skus(site, shop_id="s2") == ["A1"]
            assert await skus(site, sku="A1") == ["A1", "A1"]
            assert await skus(site, sku="A1", shop_id="s1") == ["A1"]
            assert await skus(site, sku="nothing") == []


async def test_each_sees_the_images_of_his_own_files(site: httpx.AsyncClient, database: Database) -> None:
    """Whoever has a file with the same picture of the same SKU sees the same image; an administrator sees all."""
    await publish_products(site)
    ann, bob = await new_user(site, "ann"), await new_user(site, "bob")
    with ann.asking(site):
        await extract_book(site, book_of([("A1", [RED]), ("A2", [GREEN])]))
    with bob.asking(site):
        assert await skus(site) == []
        await extract_book(site, book_of([("A1", [RED]), ("B1", [BLUE])]))
        assert sorted(await skus(site)) == ["A1", "B1"]
        mine = {image["sku"]: image["id"] for image in (await site.get(IMAGES)).json()["items"]}
    with ann.asking(site):
        assert sorted(await skus(site)) == ["A1", "A2"]
        assert await skus(site, sku="B1") == []
        assert (await site.get(f"{IMAGES}/{mine['A1']}")).status_code == 200
        for path in (f"{IMAGES}/{mine['B1']}", f"{IMAGES}/{mine['B1']}/thumbnail", f"{IMAGES}/{uuid4()}"):
            assert (await site.get(path)).status_code == 404
    assert sorted(await skus(site)) == ["A1", "A2", "B1"]
    assert len(await database.fetch("SELECT FROM product_images")) == 3


async def test_what_an_administrator_has_extracted_is_the_owner_s(site: httpx.AsyncClient) -> None:
    """The job is his whose file it is, and so are the images."""
    await publish_products(site)
    ann = await new_user(site, "ann")
    with ann.asking(site):
        file = await upload_book(site, book_of([("A1", [RED])]))
    job = await extract(site, file["id"])
    assert (job["owner"], job["state"]) == (ann.id, "succeeded")
    with ann.asking(site):
        assert await skus(site) == ["A1"]


async def test_a_job_for_another_s_file_finds_none(site: httpx.AsyncClient, database: Database) -> None:
    """Anybody may name any file's id in a job's arguments: the job fails, and tells nothing of the file."""
    await publish_products(site)
    ann, bob = await new_user(site, "ann"), await new_user(site, "bob")
    with ann.asking(site):
        file = await upload_book(site, book_of([("A1", [RED])]))
    with bob.asking(site):
        for task in ("extract_product_images", "process_workbook"):
            body = {"task": task, "args": {"file_id": file["id"]}}
            job = await end_of(site, (await site.post("/api/jobs", json=body)).json()["id"])
            assert (job["state"], job["error"]["message"]) == ("failed", f"there is no file {file['id']}")
    for table in ("product_images", "file_profiles"):
        assert await database.fetch(f"SELECT FROM {table}") == []


@pytest.mark.parametrize("kind", ["images", "workbooks"])
async def test_of_many_submissions_of_one_file_one_makes_the_job(
    web: httpx.AsyncClient, database: Database, kind: str
) -> None:
    """One is answered 202, all others 200 with the same job; each task has its own."""
    file = await upload_book(web, book_of([("A1", [RED])]))
    body = {"file_id": file["id"], "priority": 9}
    answers = await asyncio.gather(*(web.post(f"/api/data-processing/{kind}", json=body) for _ in range(10)))
    assert Counter(answer.status_code for answer in answers) == {202: 1, 200: 9}
    (task_id,) = {answer.json()["task_id"] for answer in answers}
    assert answers[0].headers["location"] == f"/api/jobs/{task_id}"
    assert {answer.json()["job"]["priority"] for answer in answers} == {9}
    other = {"images": "workbooks", "workbooks": "images"}[kind]
    assert (await web.post(f"/api/data-processing/{other}", json=body)).status_code == 202
    assert len(await database.fetch("SELECT FROM jobs")) == 2


async def test_files_that_can_have_no_images_are_refused(web: httpx.AsyncClient, database: Database) -> None:
    """At once, with the field and the reason; an unknown file is not found."""
    csv = (await upload(web, as_csv([ORDERS]))).json()
    orders = await upload_book(web, book_of([("A1", [RED])]), domain="orders")
    for file, reason in ((csv, "pictures are read from xlsx, xlsb, ods files"), (orders, "pictures belong to SKUs")):
        answer = await web.post("/api/data-processing/images", json={"file_id": file["id"]})
        assert answer.status_code == 422, answer.text
        (mistake,) = answer.json()["errors"]
        assert (mistake["pointer"], reason in mistake["detail"]) == ("/file_id", True)
    for kind in ("images", "workbooks"):
        unknown = await web.post(f"/api/data-processing/{kind}", json={"file_id": str(uuid4())})
        assert unknown.status_code == 404
    assert await database.fetch("SELECT FROM jobs") == []


async def test_an_image_whose_bytes_are_not_here_is_told(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """503, as of a store that is away: web and workers need one folder."""
    image = await keep_image(environ, database, await upload_book(web, book_of([])))
    Media(load_settings(environ).media_folder).path_of("5a" * 32, Size.THUMBNAIL).unlink()
    answer = await web.get(f"{IMAGES}/{image}/thumbnail")
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    assert (await web.get(f"{IMAGES}/{image}")).status_code == 200


async def test_a_sync_is_followed_by_an_extraction(
    environ: dict[str, str], web: httpx.AsyncClient, database: Database
) -> None:
    """Of a file that has pictures, with the sync's own transaction or not at all; while one is unfinished no other."""
    await publish_products(web)
    catalogue, uploads = Catalogue(database), Uploads(Path(environ["JOBS_DATA_DIR"]))

    async def follow(file_id: str) -> str | None:
        file = await catalogue.get(UUID(file_id))
        assert file is not None
        async with database.transaction() as connection:
            path = uploads.path_of(file.sha256)
            return (await extract_after(file, path, database=database, connection=connection)).job_id

    with_pictures = await upload_book(web, book_of([("A1", [RED])]))
    without = await upload_book(web, book_of([("A1", [])]))
    orders = await upload_book(web, book_of([("A2", [RED])]), domain="orders")
    assert [await follow(file["id"]) for file in (without, orders)] == [None, None]
    job_id = await follow(with_pictures["id"])
    assert job_id is not None
    assert await follow(with_pictures["id"]) is None
    async with running_worker(environ):
        job = await end_of(web, job_id)
    assert (job["state"], job["task"], job["result"]["added"]) == ("succeeded", "extract_product_images", 1)
