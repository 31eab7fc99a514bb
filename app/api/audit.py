"""/api/audit."""

import re
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_query
from app.schemas.requests import AuditQuery
from app.schemas.shapes.audit import AuditList
from app.schemas.views.audit import audit_view
from app.state import deps_of, require_admin
from jobs.errors import InvalidInputError, Mistake
from jobs.stores.audit import AuditFilter
from jobs.stores.listing import Place

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")  # fits a bigint


async def list_audit(request: Request) -> Response:
    """GET /api/audit: who did what, newest first. For administrators."""
    require_admin(request, "read the audit log")
    query = read_query(request, AuditQuery)
    wanted = AuditFilter(
        actor=query.actor,
        action=query.action,
        object_id=query.object_id,
        after=query.after,
        before=query.before,
    )
    found = await deps_of(request).audit.page(wanted, before=_entry_at(query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    following = Place(page[-1].at, str(page[-1].id)) if len(found) > len(page) else None
    cursor = write_cursor(List.AUDIT, following)
    view: AuditList = {"items": [audit_view(entry) for entry in page], "next_cursor": cursor}
    return answer(view)


def _entry_at(cursor: str | None) -> tuple[datetime, int] | None:
    """Give time and id of the entry that a cursor stands for. Raises InvalidInputError."""
    place = read_cursor(List.AUDIT, cursor)
    if place is None:
        return None
    if not _NUMBER.fullmatch(place.id):
        raise InvalidInputError([Mistake(pointer="/cursor", detail="is the place of no entry")])
    return place.at, int(place.id)
