"""Pictures of files become images of products: through the API, the worker, its child process and the disk."""

import asyncio
from pathlib import Path

import httpx
import pytest

from jobs.settings import load_settings
from jobs.stores.database import Database
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.pictures import (
    FIELDS,
    bomb,
    book_of,
    changed,
    colours,
    extract,
    extract_book,
    files_in,
    in_cells,
    media,
    picture,
    publish_products,
    upload_book,
)
from tests.support.site import end_of, submit

RED, GREEN, BLUE = (picture(colour) for colour in ("red", "green", "blue"))


@pytest.fixture
def folder(environ: dict[str, str]) -> Path:
    """Give where the site keeps its images."""
    return load_settings(environ).media_folder


async def images(database: Database) -> list[dict[str, object]]:
    """Read all images, but for when a file has last shown them."""
    rows = await database.fetch("SELECT * FROM product_images ORDER BY sku, position, id")
    return [{name: value for name, value in row.items() if name != "seen_at"} for row in rows]


async def test_each_picture_is_its_own_row_s(site: httpx.AsyncClient) -> None:
    """Also in the first and the last data row, below two merged titles: the system before was off by one."""
    await publish_products(site, header_row=3)
    result = await extract_book(site, book_of([("A1", [RED]), ("A2", [GREEN]), ("A3", []), ("A4", [BLUE])], titles=2))
    counts = {name: result[name] for name in ("sheet", "pictures", "images", "added", "problems", "problems_total")}
    assert counts == {
        "sheet": "Sheet", "pictures": 3, "images": 3, "added": 3, "problems": [], "problems_total": 0,
    }  # fmt: skip
    assert await colours(site) == {"A1": ["red"], "A2": ["green"], "A4": ["blue"]}


async def test_a_second_extraction_adds_nothing(site: httpx.AsyncClient, database: Database, folder: Path) -> None:
    """Neither of the same file, nor of another that has the same pictures."""
    await publish_products(site)
    file = await upload_book(site, book_of([("A1", [RED, GREEN]), ("A2", [BLUE])]))
    assert (await extract(site, file["id"]))["result"]["added"] == 3
    before, kept = await images(database), [(path, path.stat().st_mtime_ns) for path in files_in(folder)]
    again = (await extract(site, file["id"]))["result"]
    assert (again["images"], again["added"]) == (3, 0)
    other = await extract_book(site, book_of([("A1", [RED, GREEN]), ("A2", [BLUE]), ("A3", [])]))
    assert (other["images"], other["added"]) == (3, 0)
    assert await images(database) == before
    assert [(path, path.stat().st_mtime_ns) for path in files_in(folder)] == kept


async def test_a_sku_that_comes_twice_has_the_pictures_of_all_its_rows(
    site: httpx.AsyncClient, database: Database, folder: Path
) -> None:
    """From top to bottom, the first of them the main one; the same picture again is the same image."""
    await publish_products(site)
    result = await extract_book(site, book_of([("A1", [GREEN]), ("A2", [RED]), ("A1", [BLUE, GREEN])]))
    assert (result["pictures"], result["images"], result["added"]) == (4, 3, 3)
    assert await colours(site) == {"A1": ["green", "blue"], "A2": ["red"]}
    assert [(row["sku"], row["position"], row["is_main"]) for row in await images(database)] == [
        ("A1", 0, True), ("A1", 1, False), ("A2", 0, True),
    ]  # fmt: skip
    assert len(files_in(folder)) == 6


async def test_a_later_file_says_which_image_is_the_main_one(site: httpx.AsyncClient) -> None:
    """There is never more than one; what it does not show any more stays."""
    await publish_products(site)
    await extract_book(site, book_of([("A1", [RED, GREEN])]))
    await extract_book(site, book_of([("A1", [BLUE, RED])]))
    found = (await site.get("/api/data-sync/images", params={"sku": "A1"})).json()["items"]
    assert len(found) == 3
    assert [image["position"] for image in found if image["is_main"]] == [0]
    assert (await colours(site))["A1"][0] in {"blue", "green"}
    main = next(image["id"] for image in found if image["is_main"])
    assert found[0]["id"] == main, "the newest image is the one that only the later file has"


async def test_what_cannot_be_matched_or_read_is_told_and_left_out(
    site: httpx.AsyncClient, database: Database, folder: Path
) -> None:
    """A picture in the headers' row, in a row without a SKU, below the rows; and all others are kept."""
    await publish_products(site)
    book = book_of([("A1", [RED]), (None, [GREEN]), (" ", [GREEN]), ("A4", [BLUE, GREEN, RED])], top=[picture("white")])
    broken = changed(
        book,
        {
            media(5): BLUE[:60],  # the first of A4
            media(6): b"<html>no picture at all</html>",
        },
    )
    result = await extract_book(site, broken)
    assert (result["pictures"], result["images"], result["problems_total"]) == (7, 2, 5)
    assert [(one["row"], one["reason"][:24]) for one in result["problems"]] == [
        (1, "there is no data row whe"),
        (3, "its row has no SKU"),
        (4, "its row has no SKU"),
        (5, "it is damaged: image fil"),
        (5, "it is no picture of a kn"),
    ]
    assert result["problems"][3]["picture"] == "image5.png"
    assert await colours(site) == {"A1": ["red"], "A4": ["red"]}
    assert [row["is_main"] for row in await images(database)] == [True, True]
    assert len(files_in(folder)) == 2


async def test_a_picture_that_would_unpack_to_gigabytes_is_left_out(site: httpx.AsyncClient) -> None:
    """It is told by what it declares, before it is unpacked."""
    await publish_products(site)
    book = changed(book_of([("A1", [RED]), ("A2", [GREEN])]), {media(1): bomb()})
    result = await extract_book(site, book)
    assert [(one["row"], one["reason"]) for one in result["problems"]] == [(2, "it has more than 60,000,000 pixels")]
    assert await colours(site) == {"A2": ["green"]}


async def test_many_extractions_of_one_file_at_once_make_each_image_once(
    site: httpx.AsyncClient, database: Database, folder: Path
) -> None:
    """Jobs without a unique key run side by side: two children write the same files, two transactions the same rows."""
    await publish_products(site)
    file = await upload_book(site, book_of([(f"A{n}", [picture("red", (40 + n, 30))]) for n in range(12)]))
    jobs = [await submit(site, "extract_product_images", {"file_id": file["id"]}) for _ in range(3)]
    ends = await asyncio.gather(*(end_of(site, job["id"]) for job in jobs))
    assert [end["state"] for end in ends] == ["succeeded"] * 3
    assert sum(end["result"]["added"] for end in ends) == 12
    assert len(await images(database)) == 12
    assert len(files_in(folder)) == 24


async def test_pictures_that_wps_keeps_in_cells_are_found(site: httpx.AsyncClient) -> None:
    """A cell names the picture by a formula, whose value is its own text."""
    await publish_products(site)
    book = book_of([("A1", []), ("A2", [RED]), ("A3", [])])
    names = ("ID_1F", "ID_2E", "ID_3D")
    cells = [f'=DISPIMG("{name}",1)' for name in names]
    result = await extract_book(
        site, in_cells(book, dict(zip(("B2", "B3", "B4"), cells, strict=True)), names[:2], [GREEN, BLUE])
    )
    assert (result["pictures"], result["images"]) == (4, 3)
    assert [(one["row"], one["reason"]) for one in result["problems"]] == [(4, "it is only linked, not in the file")]
    assert await colours(site) == {"A1": ["green"], "A2": ["red", "blue"]}


async def test_the_sku_is_the_key_field_that_is_called_so(site: httpx.AsyncClient) -> None:
    """In files of inventory a warehouse is part of the key too; SKUs that are numbers are texts without a fraction."""
    await publish_products(site, domain="inventory", key_fields=[FIELDS[2], FIELDS[0]])
    await extract_book(site, book_of([(4711, [RED])]), domain="inventory")
    assert await colours(site) == {"4711": ["red"]}


async def test_what_can_have_no_images_fails_with_the_reason(site: httpx.AsyncClient, database: Database) -> None:
    """No template, other headers, another format or domain; and not one image is kept."""
    book = book_of([("A1", [RED])])
    untold = await extract(site, (await upload_book(site, book))["id"])
    assert (untold["state"], untold["error"]["message"][:21]) == ("failed", "no published template")
    await publish_products(site, header_row=2)
    changed_headers = await extract(site, (await upload_book(site, book))["id"])
    assert (changed_headers["state"], changed_headers["error"]["type"]) == ("failed", "HeadersDifferError")
    await publish(site)
    csv = (await upload(site, as_csv([ORDERS]))).json()
    end = await end_of(site, (await submit(site, "extract_product_images", {"file_id": csv["id"]}))["id"])
    assert (end["state"], end["error"]["message"]) == (
        "failed", "pictures are read from xlsx, xlsb, ods files; this one is csv: save it as xlsx and send that",
    )  # fmt: skip
    assert await images(database) == []
