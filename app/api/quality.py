"""/api/data-sync/files/{id}/quality: how good the rows of a file were."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_id
from app.schemas.views.quality import measured_view
from app.state import deps_of, identity_of


async def show_quality(request: Request) -> Response:
    """GET /api/data-sync/files/{id}/quality: as they were when it was loaded last."""
    measured = await deps_of(request).data_sync.quality(read_id(request, "file"), owner=identity_of(request).sees)
    return answer(measured_view(measured))
