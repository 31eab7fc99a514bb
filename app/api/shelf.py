"""/api/data-sync: lists of files and of syncs, and how each source does."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_query
from app.schemas.data_sync import FilesQuery, SyncsQuery
from app.schemas.shapes.shelf import FileList, SyncList
from app.schemas.views.data_sync import file_view
from app.schemas.views.shelf import governance_view, sync_entry_view
from app.state import deps_of, identity_of
from jobs.tasks.data_sync.shelf import FileFilter


async def list_files(request: Request) -> Response:
    """GET /api/data-sync/files: newest first."""
    query = read_query(request, FilesQuery)
    wanted = FileFilter(
        platform=query.platform,
        shop_id=query.shop_id,
        domain=query.domain,
        granularity=query.granularity,
        state=query.state,
    )
    after = read_cursor(List.FILES, query.cursor)
    page = await deps_of(request).shelf.files(wanted, owner=identity_of(request).sees, after=after, limit=query.limit)
    view: FileList = {
        "items": [file_view(file) for file in page.files],
        "next_cursor": write_cursor(List.FILES, page.following),
    }
    return answer(view)


async def list_syncs(request: Request) -> Response:
    """GET /api/data-sync/tasks: newest first."""
    query = read_query(request, SyncsQuery)
    page = await deps_of(request).shelf.syncs(
        owner=identity_of(request).sees,
        has_ended=None if query.state is None else query.state == "ended",
        after=read_cursor(List.SYNCS, query.cursor),
        limit=query.limit,
    )
    view: SyncList = {
        "items": [sync_entry_view(entry) for entry in page.syncs],
        "next_cursor": write_cursor(List.SYNCS, page.following),
    }
    return answer(view)


async def show_governance(request: Request) -> Response:
    """GET /api/data-sync/governance: files by state, and each source with its template."""
    return answer(governance_view(await deps_of(request).shelf.governance(owner=identity_of(request).sees)))
