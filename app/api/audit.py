"""/api/audit."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_fields
from app.cursors import write_cursor
from app.schemas.requests import AuditQuery
from app.schemas.views import audit_view
from app.state import deps_of, require_admin
from jobs.stores.audit import AuditFilter


async def list_audit(request: Request) -> Response:
    """GET /api/audit: who did what, newest first. For administrators."""
    require_admin(request, "read the audit log")
    query = read_fields(request.query_params, AuditQuery)
    wanted = AuditFilter(
        actor=query.actor,
        action=query.action,
        object_id=query.object_id,
        after=query.after,
        before=query.before,
    )
    found = await deps_of(request).audit.page(wanted, before=query.cursor, limit=query.limit + 1)
    page = found[: query.limit]
    following = write_cursor(page[-1].at, page[-1].id) if len(found) > len(page) else None
    return answer({"items": [audit_view(entry) for entry in page], "next_cursor": following})
