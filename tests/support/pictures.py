"""Excel files of products with pictures in them, as shops export them: made by openpyxl and Pillow."""

import io
import random
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from openpyxl import Workbook
from openpyxl.drawing.image import Image as Drawn
from PIL import Image

from jobs.settings import load_settings
from jobs.stores.database import Database
from jobs.tasks.data_processing.images import ImageStore
from jobs.tasks.data_processing.media import Media, Size
from jobs.tasks.data_processing.model import FoundImage, ImageFilter
from jobs.tasks.data_sync.catalogue import Catalogue
from tests.support.files import publish
from tests.support.site import end_of

FIELDS: Final = ("货号", "图片", "名称", "日期")
PRODUCTS: Final = {"platform": "shop", "domain": "products", "granularity": "snapshot"}
XLSX: Final = "export.xlsx"

# A row's SKU, and its pictures.
Product = tuple[str | int | None, Sequence[bytes]]


def picture(colour: str = "red", size: tuple[int, int] = (40, 30), form: str = "PNG", **more: object) -> bytes:
    """Make a picture of one colour."""
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, form, **more)
    return written.getvalue()


def noise(side: int) -> bytes:
    """Make a square that no format makes small: each side has a picture of its own."""
    dots = random.Random(side).randbytes(side * side)  # noqa: S311  nothing is kept secret with it
    written = io.BytesIO()
    Image.frombytes("L", (side, side), dots).save(written, "PNG")
    return written.getvalue()


def bomb(side: int = 60_000) -> bytes:
    """Make a PNG of some bytes that says to be a square of so many pixels a side."""
    small = picture()
    head = b"IHDR" + side.to_bytes(4) * 2 + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4) + small[33:]


def book_of(products: Iterable[Product], *, titles: int = 0, top: Sequence[bytes] = ()) -> bytes:
    """Write a workbook: `titles` merged rows, the headers, a row a product, and its pictures in the second column.

    The pictures of `top` stand in the row of the headers.
    """
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(1, titles + 1):
        sheet.cell(row, 1, f"title {row}")
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(FIELDS))
    sheet.append(FIELDS)
    for content in top:
        sheet.add_image(Drawn(io.BytesIO(content)), f"B{titles + 1}")
    for row, (sku, contents) in enumerate(products, titles + 2):
        sheet.append((sku, None, f"product {row}", "2026-03-01"))
        for content in contents:
            sheet.add_image(Drawn(io.BytesIO(content)), f"B{row}")
    return _saved(book)


def changed(book: bytes, parts: Mapping[str, bytes | None]) -> bytes:
    """Give the same package with other parts, some left out (None) or added: what openpyxl would not write."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in {**dict.fromkeys(source.namelist()), **parts}:
            content = parts[name] if name in parts else source.read(name)
            if content is not None:
                target.writestr(name, content)
    return written.getvalue()


def part(book: bytes, name: str) -> str:
    """Read a part of a package."""
    with zipfile.ZipFile(io.BytesIO(book)) as package:
        return package.read(name).decode()


def in_cells(book: bytes, cells: Mapping[str, str], names: Sequence[str], contents: Sequence[bytes]) -> bytes:
    """Write cells as WPS does, and the pictures of these names; of each row column A is there."""
    sheet = part(book, "xl/worksheets/sheet1.xml")
    for place, shown in cells.items():
        told = shown.replace('"', "&quot;")
        row = place[1:]
        anchor = f'<c r="A{row}"'
        at = sheet.index("</c>", sheet.index(anchor)) + 4
        written = f'<c r="{place}" t="str"><f>_xlfn.{told[1:]}</f><v>{told}</v></c>'
        sheet = sheet[:at] + written + sheet[at:]
    images = "".join(
        f'<etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{n}" name="{name}"/></xdr:nvPicPr>'
        f'<xdr:blipFill><a:blip r:embed="rId{n}"/></xdr:blipFill></xdr:pic></etc:cellImage>'
        for n, name in enumerate(names, 1)
    )
    spaces = (
        'xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData" '
        'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Target="media/cell{n}.png" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"/>'
        for n, _ in enumerate(names, 1)
    )
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return changed(
        book,
        {
            "xl/worksheets/sheet1.xml": sheet.encode(),
            "xl/cellimages.xml": f"<etc:cellImages {spaces}>{images}</etc:cellImages>".encode(),
            "xl/_rels/cellimages.xml.rels": f'<Relationships xmlns="{space}">{related}</Relationships>'.encode(),
            **{f"xl/media/cell{n}.png": content for n, content in enumerate(contents, 1)},
        },
    )


def media(nth: int) -> str:
    """Name the part of the n-th picture that openpyxl writes."""
    return f"xl/media/image{nth}.png"


async def keep_image(environ: Mapping[str, str], database: Database, file: Mapping[str, Any]) -> str:
    """Let an uploaded file have an image, as its extraction would; give the image's id."""
    found = FoundImage(sha256="5a" * 32, sku="A1", position=0, width=40, height=30, bytes=700)
    store = Media(load_settings(environ).media_folder)
    for size in Size:
        store.keep(found.sha256, size, picture(form="JPEG"))
    entry = await Catalogue(database).get(UUID(file["id"]))
    assert entry is not None
    await ImageStore(database).add(entry, [found])
    (image,) = await ImageStore(database).list(ImageFilter(), owner=file["owner"], before=None, limit=2)
    return str(image.id)


async def publish_products(client: httpx.AsyncClient, **more: object) -> Any:  # noqa: ANN401  JSON
    """Publish the template of these files; give it."""
    layout = {"key_fields": [FIELDS[0]], "date_rule": {"field": FIELDS[3]}, **PRODUCTS}
    return await publish(client, fields=FIELDS, **{**layout, **more})


async def upload_book(client: httpx.AsyncClient, content: bytes, **more: str) -> Any:  # noqa: ANN401  JSON
    """Upload a file of products that must be taken; give its entry."""
    answer = await client.post(
        "/api/data-sync/files", data={**PRODUCTS, "shop_id": "s1", **more}, files={"file": (XLSX, content)}
    )
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


async def extract(client: httpx.AsyncClient, file_id: str) -> Any:  # noqa: ANN401  JSON
    """Extract a file's images to the end; give the job."""
    answer = await client.post("/api/data-processing/images", json={"file_id": file_id})
    assert answer.status_code == 202, answer.text
    return await end_of(client, answer.json()["task_id"])


async def extract_book(client: httpx.AsyncClient, content: bytes, **more: str) -> Any:  # noqa: ANN401  JSON
    """Upload a workbook and extract its images; give the job's result."""
    job = await extract(client, (await upload_book(client, content, **more))["id"])
    assert job["state"] == "succeeded", job["error"]
    return job["result"]


async def colours(client: httpx.AsyncClient, **wanted: str) -> Mapping[str, list[str]]:
    """Give by SKU the names of the colours of its images as the API serves them, in their order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for image in (await client.get("/api/data-sync/images", params=wanted)).json()["items"]:
        served = await client.get(f"/api/data-sync/images/{image['id']}")
        found.setdefault(image["sku"], []).append((image["position"], colour_of(served.content)))
    return {sku: [name for _, name in sorted(images)] for sku, images in found.items()}


_COLOURS: Final = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def colour_of(content: bytes, at: tuple[float, float] = (0.5, 0.5)) -> str:
    """Name the colour that a picture has at a place, told in shares of its sides."""
    with Image.open(io.BytesIO(content)) as image:
        pixel = image.convert("RGB").getpixel((int(image.width * at[0]), int(image.height * at[1])))
    assert isinstance(pixel, tuple)

    def distance(name: str) -> float:
        return sum((one - other) ** 2 for one, other in zip(pixel, _COLOURS[name], strict=True))

    return min(_COLOURS, key=distance)


def files_in(folder: Path) -> list[Path]:
    """List all files of a folder, also unfinished ones."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _saved(book: Workbook) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()
