"""/api/data-processing, and what comes of it below /api/data-sync: images and profiles."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_id, read_json, read_query
from app.api.whole_file import WholeFile
from app.headers import header_of
from app.schemas.processing import ImagesQuery, ProcessingBody
from app.schemas.shapes.processing import ImageList, ProcessingSubmittedView
from app.schemas.views.jobs import job_view
from app.schemas.views.processing import image_view, profile_view
from app.state import deps_of, identity_of
from jobs.submit import Submitted
from jobs.tasks.data_processing.media import Size
from jobs.tasks.data_processing.model import ImageFilter

_IF_NONE_MATCH = b"if-none-match"
# The bytes of an image never change; who may see it is asked again after a day.
_KEPT = {
    "Cache-Control": "private, max-age=86400",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


async def extract_images(request: Request) -> Response:
    """POST /api/data-processing/images: take a file's pictures as images; 200 with the job while one is unfinished."""
    return await _submitted(request, deps_of(request).data_processing.extract)


async def profile_workbook(request: Request) -> Response:
    """POST /api/data-processing/workbooks: profile a file; 200 with the job that is there while one is unfinished."""
    return await _submitted(request, deps_of(request).data_processing.profile_workbook)


async def show_profile(request: Request) -> Response:
    """GET /api/data-sync/files/{id}/profile."""
    sees = identity_of(request).sees
    return answer(profile_view(await deps_of(request).data_processing.profile(read_id(request, "file"), sees=sees)))


async def list_images(request: Request) -> Response:
    """GET /api/data-sync/images: newest first, those of one's own files."""
    query = read_query(request, ImagesQuery)
    found = await deps_of(request).data_processing.images(
        ImageFilter(platform=query.platform, shop_id=query.shop_id, sku=query.sku),
        sees=identity_of(request).sees,
        before=query.cursor,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    following = page[-1].id if len(found) > len(page) else None
    view: ImageList = {"items": [image_view(image) for image in page], "next_cursor": following}
    return answer(view)


async def show_image(request: Request) -> Response:
    """GET /api/data-sync/images/{id}: the original, 1,920 pixels long at most."""
    return await _image(request, Size.ORIGINAL)


async def show_thumbnail(request: Request) -> Response:
    """GET /api/data-sync/images/{id}/thumbnail: 200 pixels long at most."""
    return await _image(request, Size.THUMBNAIL)


async def _submitted(request: Request, submit: Callable[..., Awaitable[Submitted]]) -> Response:
    body = await read_json(request, ProcessingBody)
    submitted = await submit(body.file_id, sees=identity_of(request).sees, priority=body.priority)
    status = HTTPStatus.ACCEPTED if submitted.is_new else HTTPStatus.OK
    view: ProcessingSubmittedView = {"task_id": submitted.job.id, "job": job_view(submitted.job)}
    return answer(view, status=status, location=f"/api/jobs/{submitted.job.id}")


async def _image(request: Request, size: Size) -> Response:
    found = read_id(request, "image")
    image, path = await deps_of(request).data_processing.image(found, size, sees=identity_of(request).sees)
    headers = {**_KEPT, "ETag": f'"{image.sha256}"'}
    if _has(header_of(request.scope, _IF_NONE_MATCH), headers["ETag"]):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return WholeFile(path, media_type="image/jpeg", headers=headers)


def _has(tags: str | None, tag: str) -> bool:
    """Say whether a client has one of these versions, weak or not (RFC 9110, section 13.1.2)."""
    return tags is not None and any(one.strip().removeprefix("W/") in {tag, "*"} for one in tags.split(","))
