"""/api/data-sync/files/{id}/preview."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_id
from app.errors import BusyError
from app.schemas.views.previews import preview_view
from app.state import deps_of, identity_of

MOST_AT_ONCE: Final = 4  # each is a process


async def preview_file(request: Request) -> Response:
    """POST /api/data-sync/files/{id}/preview: look at its headers and first rows."""
    deps = deps_of(request)
    file = await deps.data_sync.file(read_id(request, "file"), owner=identity_of(request).sees)
    if deps.previews.under_way >= MOST_AT_ONCE:
        raise BusyError("too many files are being looked at in this moment; try again soon")
    return answer(preview_view(await deps.previews.of(file)))
