"""Which row a picture is in, and which sheet is looked at: whatever the export's author has done."""

import io

import httpx
from openpyxl import Workbook
from openpyxl.drawing.image import Image as Drawn
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.worksheet.worksheet import Worksheet

from tests.support.pictures import FIELDS, book_of, changed, colours, extract_book, part, picture, publish_products

RED, GREEN, BLUE = (picture(colour) for colour in ("red", "green", "blue"))
DRAWING = "xl/drawings/drawing1.xml"


def drawing_of(content: bytes) -> Drawn:
    """Make what openpyxl puts into a sheet."""
    return Drawn(io.BytesIO(content))


def saved(book: Workbook) -> bytes:
    """Write a workbook."""
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


async def test_a_picture_that_reaches_over_other_rows_is_its_corner_s(site: httpx.AsyncClient) -> None:
    """The upper left one decides, also where the picture begins low in its row and ends far below."""
    await publish_products(site)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (FIELDS, *((f"A{n}", None, "a thing", "2026-03-01") for n in range(1, 5))):
        sheet.append(row)
    high = drawing_of(RED)
    high.anchor = TwoCellAnchor(
        editAs="twoCell",
        _from=AnchorMarker(col=1, row=2, rowOff=180_000, colOff=5),
        to=AnchorMarker(col=3, row=9, rowOff=5, colOff=5),
    )
    sheet.add_image(high)
    await extract_book(site, saved(book))
    assert await colours(site) == {"A2": ["red"]}


async def test_a_merged_sku_counts_for_all_of_its_rows(site: httpx.AsyncClient) -> None:
    """Of a product whose variants have rows of their own; an empty cell that is not merged has no SKU."""
    await publish_products(site)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (
        FIELDS,
        ("A1", None, "small", "2026-03-01"),
        (None, None, "large", "2026-03-01"),
        (None, None, "x", ""),
    ):
        sheet.append(row)
    sheet.merge_cells("A2:A3")
    for place, content in (("B2", RED), ("B3", GREEN), ("B4", BLUE)):
        sheet.add_image(drawing_of(content), place)
    result = await extract_book(site, saved(book))
    assert await colours(site) == {"A1": ["red", "green"]}
    assert [(one["row"], one["reason"]) for one in result["problems"]] == [(4, "its row has no SKU")]


async def test_the_sheet_is_the_first_visible_one_that_has_the_headers(site: httpx.AsyncClient) -> None:
    """Pictures of other sheets are nobody's business, and rows and columns may begin anywhere."""
    await publish_products(site, header_row=4)
    book = Workbook()
    cover, hidden, products = book.worksheets[0], book.create_sheet("hidden"), book.create_sheet("产品 & <more>")
    cover.append(["read me"])
    cover.add_image(drawing_of(BLUE), "A1")
    hidden.sheet_state = "hidden"
    for sheet, sku in ((hidden, "H1"), (products, "P1")):
        for column, values in enumerate(zip(FIELDS, (sku, None, "a thing", "2026-03-01"), strict=True), 3):
            for row, value in enumerate(values, 4):
                sheet.cell(row, column, value)
        sheet.add_image(drawing_of(GREEN if sku == "P1" else RED), "D5")
    result = await extract_book(site, saved(book))
    assert (result["sheet"], result["pictures"]) == ("产品 & <more>", 1)
    assert await colours(site) == {"P1": ["green"]}


async def test_grouped_linked_and_floating_pictures(site: httpx.AsyncClient) -> None:
    """Those of a group count in its row; one that is only linked is told, and one that is on no cell."""
    await publish_products(site)
    book = book_of([("A1", [RED]), ("A2", [GREEN]), ("A3", [BLUE])])
    drawing = part(book, DRAWING)
    first, second, third = (piece for piece in drawing.split("<oneCellAnchor>")[1:])
    assert "<pic>" in first
    head = drawing.split("<oneCellAnchor>")[0]
    grouped = first.replace("<pic>", "<grpSp><grpSp><pic>").replace("</pic>", "</pic></grpSp></grpSp>")
    linked = second.replace(":embed=", ":link=")
    floating = third[third.index("<ext ") :].replace("</oneCellAnchor>", "</absoluteAnchor>")
    drawn = f"{head}<oneCellAnchor>{grouped}<oneCellAnchor>{linked}<absoluteAnchor>{floating}"
    result = await extract_book(site, changed(book, {DRAWING: drawn.encode()}))
    assert [(one["row"], one["reason"][:40]) for one in result["problems"]] == [
        (None, "it lies on the sheet and on no cell; anc"),
        (3, "it is only linked, not in the file"),
    ]
    assert await colours(site) == {"A1": ["red"]}
