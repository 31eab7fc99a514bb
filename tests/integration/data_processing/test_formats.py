"""Pictures of every format that has some: read, or left out with the reason, and never silently."""

import zipfile
from pathlib import Path
from typing import Final

import httpx
import pytest

from jobs.tasks.data_processing.pictures import has_pictures
from jobs.tasks.data_processing.worker.parts import Parts
from jobs.tasks.data_processing.worker.placed import Placed
from jobs.tasks.data_processing.worker.sheets import has_unread, placed_on
from jobs.tasks.data_sync.model import FileFormat
from tests.support.files import sync
from tests.support.pictures import changed, colours, extract, extract_book, part, publish_products, upload_book

DATA: Final = Path(__file__).parents[2] / "data" / "pictures"


def book(name: str) -> bytes:
    """Read a workbook."""
    return (DATA / name).read_bytes()


def placed(name: str, file_format: FileFormat, sheet: str) -> list[Placed]:
    """Give the pictures of a sheet."""
    with zipfile.ZipFile(DATA / name) as archive:
        return list(placed_on(Parts(archive, limit=1_000_000), file_format, sheet))


@pytest.mark.parametrize("name", ["products.xlsb", "products.ods"])
async def test_pictures_over_cells_are_their_rows_in_every_format(site: httpx.AsyncClient, name: str) -> None:
    """Also those of the first and the last data row; that of a chart is none."""
    await publish_products(site)
    result = await extract_book(site, book(name))
    assert (result["sheet"], result["pictures"], result["problems"]) == ("产品", 3, [])
    assert await colours(site) == {"A1": ["red"], "A2": ["green"], "A4": ["blue"]}


async def test_pictures_that_excel_has_placed_in_cells_are_those_of_the_rows(site: httpx.AsyncClient) -> None:
    """One that comes in two cells is in the file once; over a cell there may be another."""
    await publish_products(site)
    result = await extract_book(site, book("in_cells.xlsx"))
    assert (result["pictures"], result["images"], result["problems"]) == (5, 5, [])
    assert await colours(site) == {
        "A1": ["red"], "A2": ["green"], "A3": ["white"], "A4": ["blue"], "A5": ["red"],
    }  # fmt: skip


async def test_a_picture_in_a_cell_that_is_not_in_the_file_is_told(site: httpx.AsyncClient) -> None:
    """As =IMAGE("https://...") shows it: nothing is fetched."""
    await publish_products(site)
    content = book("in_cells.xlsx")
    structures = "xl/richData/rdrichvaluestructure.xml"
    from_web = part(content, structures).replace("_localImage", "_webimage").replace(":LocalImage", ":WebImage")
    result = await extract_book(site, changed(content, {structures: from_web.encode()}))
    assert [(one["row"], one["reason"]) for one in result["problems"]] == [
        (row, "it is only linked, not in the file") for row in (2, 3, 5, 6)
    ]
    assert await colours(site) == {"A3": ["white"]}


def test_what_excel_itself_writes_is_found() -> None:
    """Over a cell and in cells, in xlsx and xlsb."""
    media = "xl/media/image"
    assert placed("excel.xlsx", FileFormat.XLSX, "Sheet1") == [
        Placed(row=9, column=4, part=f"{media}3.png"),
        Placed(row=1, column=0, part=f"{media}1.png"),
        Placed(row=3, column=0, part=f"{media}2.png"),
    ]
    assert placed("excel.xlsb", FileFormat.XLSB, "Sheet1") == [Placed(row=1, column=0, part=f"{media}1.jpg")]
    assert placed("excel.xlsb", FileFormat.XLSB, "Sheet2") == [Placed(row=1, column=0, part=f"{media}2.png")]
    assert placed("excel.xlsb", FileFormat.XLSB, "none of this name") == []


async def test_drawings_of_windows_are_told_by_name(site: httpx.AsyncClient) -> None:
    """EMF and WMF: nothing here draws them."""
    await publish_products(site)
    result = await extract_book(site, book("windows.xlsx"))
    assert [(one["row"], one["picture"], one["reason"][:32]) for one in result["problems"]] == [
        (2, "image1.emf", "it is an EMF drawing of Windows,"),
        (3, "image2.wmf", "it is a WMF drawing of Windows, "),
    ]
    assert await colours(site) == {"A3": ["green"]}


async def test_an_ods_shows_the_picture_beside_a_drawing(site: httpx.AsyncClient) -> None:
    """A drawing without one, a link and a picture on no cell are told; those of a group are in its row."""
    await publish_products(site)
    result = await extract_book(site, book("drawings.ods"))
    assert result["pictures"] == 7
    assert [(one["row"], one["reason"].split(",")[0]) for one in result["problems"]] == [
        (None, "it lies on the sheet and on no cell; anchor it to the cell of its product"),
        (3, "it is an SVG drawing"),
        (8, "it is an EMF drawing of Windows"),
        (9, "it is only linked"),
    ]
    assert await colours(site) == {"A1": ["red"], "A3": ["green", "blue"]}


async def test_an_old_workbook_with_pictures_says_what_to_do(site: httpx.AsyncClient) -> None:
    """Its rows are loaded, and the sync tells why no extraction follows; asked for, one is refused the same way."""
    await publish_products(site)
    file = await upload_book(site, book("products.xls"))
    reason = "pictures are read from xlsx, xlsb, ods files; this one is xls: save it as xlsx and send that"
    progress = await sync(site, file["id"])
    result = (await site.get(f"/api/jobs/{progress['task_id']}")).json()["result"]
    assert (result["rows"]["inserted"], result["images_task_id"], result["images_skipped"]) == (4, None, reason)
    answer = await site.post("/api/data-processing/images", json={"file_id": file["id"]})
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (422, reason)


async def test_an_xlsb_with_pictures_in_cells_says_so(site: httpx.AsyncClient) -> None:
    """Their metadata are binary there and not read; all others are taken."""
    await publish_products(site)
    content = changed(book("products.xlsb"), {"xl/richData/richValueRel.xml": b"<richValueRels/>"})
    result = await extract_book(site, content)
    assert (result["images"], result["problems_total"]) == (3, 1)
    assert (result["problems"][0]["row"], "save it as xlsx" in result["problems"][0]["reason"]) == (None, True)


async def test_metadata_that_lead_nowhere_are_refused_or_pass(site: httpx.AsyncClient) -> None:
    """Numbers that nothing has are no pictures; what is no number is damage of the file."""
    await publish_products(site)
    content = book("in_cells.xlsx")
    metadata = part(content, "xl/metadata.xml")
    nowhere = changed(content, {"xl/metadata.xml": metadata.replace('i="0"', 'i="77"').encode()})
    assert (await extract_book(site, nowhere))["pictures"] == 3
    broken = changed(content, {"xl/metadata.xml": metadata.replace('v="0"', 'v="x"').encode()})
    job = await extract(site, (await upload_book(site, broken))["id"])
    assert (job["state"], job["error"]["type"]) == ("failed", "UnreadableFileError")


@pytest.mark.parametrize(
    ("name", "expected"), [("products.xls", True), ("products.ods", True), ("excel.xlsb", True), ("README.md", False)]
)
def test_a_file_tells_whether_it_has_pictures(name: str, *, expected: bool) -> None:
    """Whichever format it has; an old workbook by the heads of its records."""
    assert has_pictures(DATA / name) is expected
    if name.endswith("xlsb"):
        with zipfile.ZipFile(DATA / name) as archive:
            assert not has_unread(Parts(archive, limit=1_000_000), FileFormat.XLSB)
