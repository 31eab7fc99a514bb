"""/api/data-sync/files/{id}/quarantine: rows that were set aside."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_id, read_json, read_query
from app.headers import header_of
from app.schemas.data_sync import QuarantineQuery, ReplayAllQuery, ReplayBody
from app.schemas.shapes.quarantine import QuarantineList
from app.schemas.views.quarantine import quarantined_view, replayed_all_view, replayed_view
from app.state import actor_of, deps_of, identity_of
from jobs.errors import NotFoundError

_LARGEST = 2**31 - 1


async def list_quarantine(request: Request) -> Response:
    """GET /api/data-sync/files/{id}/quarantine: by row number."""
    query = read_query(request, QuarantineQuery)
    found = await deps_of(request).data_sync.quarantine.list(
        read_id(request, "file"), owner=identity_of(request).sees, after=query.cursor, limit=query.limit + 1
    )
    page = found[: query.limit]
    following = page[-1].row_number if len(found) > len(page) else None
    view: QuarantineList = {"items": [quarantined_view(row) for row in page], "next_cursor": following}
    return answer(view)


async def replay_row(request: Request) -> Response:
    """POST /api/data-sync/files/{id}/quarantine/{row_number}/replay: load a row, with what was mended."""
    body = await _read_body(request)
    replayed = await deps_of(request).data_sync.quarantine.replay(
        read_id(request, "file"),
        _row_number(request),
        owner=identity_of(request).sees,
        mended=body.row,
        by=actor_of(request),
    )
    return answer(replayed_view(replayed))


async def replay_rows(request: Request) -> Response:
    """POST /api/data-sync/files/{id}/quarantine/replay: load what can be loaded by now, as it is."""
    query = read_query(request, ReplayAllQuery)
    replayed = await deps_of(request).data_sync.quarantine.replay_all(
        read_id(request, "file"),
        owner=identity_of(request).sees,
        after=query.cursor,
        limit=query.limit,
        by=actor_of(request),
    )
    return answer(replayed_all_view(replayed))


async def _read_body(request: Request) -> ReplayBody:
    """Read what was mended; a request without a body mends nothing."""
    if header_of(request.scope, b"content-type") is None and not await request.body():
        return ReplayBody()
    return await read_json(request, ReplayBody)


def _row_number(request: Request) -> int:
    text = request.path_params["row_number"]
    if text.isascii() and text.isdecimal() and int(text[:11]) <= _LARGEST:
        return int(text[:11])
    raise NotFoundError("there is no row of this number in quarantine")
