"""/api/data-sync/component-versions: what syncs run with. Administrators write them, all who are known read them."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_id, read_json, read_query
from app.schemas.shapes.shops import ComponentVersionList
from app.schemas.shops import ComponentVersionBody, ComponentVersionChangeBody, ComponentVersionsQuery
from app.schemas.views.shops import component_version_view
from app.state import actor_of, deps_of, require_admin
from jobs.tasks.data_sync.component_versions import VersionFilter

_WHAT = "write component versions"


async def list_component_versions(request: Request) -> Response:
    """GET /api/data-sync/component-versions: newest first."""
    query = read_query(request, ComponentVersionsQuery)
    wanted = VersionFilter(component=query.component, status=query.status)
    after = read_cursor(List.COMPONENT_VERSIONS, query.cursor)
    found = await deps_of(request).component_versions.page(wanted, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    following = page[-1].place if len(found) > len(page) else None
    view: ComponentVersionList = {
        "items": [component_version_view(version) for version in page],
        "next_cursor": write_cursor(List.COMPONENT_VERSIONS, following),
    }
    return answer(view)


async def create_component_version(request: Request) -> Response:
    """POST /api/data-sync/component-versions: enter one."""
    require_admin(request, _WHAT)
    body = await read_json(request, ComponentVersionBody)
    version = await deps_of(request).component_versions.create(
        component=body.component, version=body.version, status=body.status, notes=body.notes, by=actor_of(request)
    )
    return answer(component_version_view(version), status=HTTPStatus.CREATED)


async def change_component_version(request: Request) -> Response:
    """PATCH /api/data-sync/component-versions/{id}: its status or its notes."""
    require_admin(request, _WHAT)
    body = await read_json(request, ComponentVersionChangeBody)
    version = await deps_of(request).component_versions.change(
        read_id(request, "component version"), status=body.status, notes=body.notes, by=actor_of(request)
    )
    return answer(component_version_view(version))
