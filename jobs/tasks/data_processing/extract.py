"""`extract_product_images`: the pictures of one file become images of its products. Reading them is the worker's."""

import time
from typing import Any, Final
from uuid import UUID

from jobs.context import JobContext
from jobs.errors import JobFailedError
from jobs.registry import Task
from jobs.tasks.data_processing.child import report_of
from jobs.tasks.data_processing.images import ImageStore
from jobs.tasks.data_processing.limits import PictureLimits
from jobs.tasks.data_processing.model import Extracted, FoundImage
from jobs.tasks.data_processing.pictures import FOLDERS
from jobs.tasks.data_processing.skus import DOMAINS, sku_field
from jobs.tasks.data_processing.source import MAX_TRIES, QUEUE, RETRY, TIMEOUT_S, bytes_of, own_file
from jobs.tasks.data_processing.worker.request import Extraction
from jobs.tasks.data_sync.limits import ReadLimits
from jobs.tasks.data_sync.model import CatalogueFile
from jobs.tasks.data_sync.reader.request import Request
from jobs.tasks.data_sync.templates import TemplateStore

_READ: Final = ", ".join(FOLDERS)


async def extract_product_images(context: JobContext, file_id: UUID) -> dict[str, Any]:
    """Keep the pictures of one xlsx, xlsb or ods of products or inventory as images of the SKUs of their rows.

    A picture's row is that of its upper left corner, or of the cell that it is placed in (by Excel or WPS); the
    headers, above which there may be anything, are found as the file's template says. What stands outside the data
    rows, in a row without a SKU, or cannot be read is told among the problems and left out. A SKU that comes twice has
    the pictures of all of its rows, from top to bottom; the same picture twice is one image. The first picture of a SKU
    is its main image.

    Gives `sheet`, how many `pictures` there are, how many `images` that makes, of which `added` were not known, the
    first 100 `problems` (`row`, `picture`, `reason`), `problems_total`, and the `seconds`. A second run adds nothing.
    Images are on disk before the database tells of them, so one that was killed leaves files that its next try uses.
    """
    file = await own_file(context, file_id)
    began = time.monotonic()
    request = await _request(context, file)
    report = await report_of(request, lambda done, total: context.progress(done, total, "extracting"))
    found = Extracted(
        sheet=report["sheet"],
        pictures=report["pictures"],
        images=[FoundImage(**image) for image in report["images"]],
        problems=report["problems"],
        problems_total=report["problems_total"],
    )
    added = await ImageStore(context.site.database).add(file, found.images)
    return {
        "file_id": str(file_id),
        "sheet": found.sheet,
        "pictures": found.pictures,
        "images": len(found.images),
        "added": added,
        "problems": found.problems,
        "problems_total": found.problems_total,
        "seconds": round(time.monotonic() - began, 3),
    }


async def _request(context: JobContext, file: CatalogueFile) -> Extraction:
    if reason := why_without_images(file):
        raise JobFailedError(reason)
    template = await TemplateStore(context.site.database).match(file.source)
    if template is None:
        raise JobFailedError("no published template fits its platform, domain and granularity; publish one")
    path = bytes_of(context, file)
    return Extraction(
        reading=Request(path=path, format=file.format, layout=template.layout, limits=ReadLimits()),
        sku_field=sku_field(template.layout),
        media=context.site.settings.media_folder,
        limits=PictureLimits(),
    )


def why_without_images(file: CatalogueFile) -> str | None:
    """Say why no images can be taken from a file, whatever is in it; None where they can."""
    if file.format not in FOLDERS:
        return f"pictures are read from {_READ} files; this one is {file.format}: save it as xlsx and send that"
    if file.source.domain not in DOMAINS:
        return f"pictures belong to SKUs, in files of products or inventory; this one is of {file.source.domain}"
    return None


EXTRACT_PRODUCT_IMAGES = Task(
    name="extract_product_images",
    function=extract_product_images,
    queue=QUEUE,
    timeout_s=TIMEOUT_S,
    max_tries=MAX_TRIES,
    retry=RETRY,
)
