"""/api/data-sync/batch, batch-by-ids and batch-all: syncs of many files by one call."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_json
from app.schemas.data_sync import SyncAllBody, SyncDueBody, SyncTheseBody
from app.schemas.views.data_sync import sync_batch_view
from app.state import deps_of, identity_of
from jobs.tasks.data_sync.claims import Wanted
from jobs.tasks.data_sync.many import Begun

_ANY = "*"


async def sync_due(request: Request) -> Response:
    """POST /api/data-sync/batch: sync files that are due."""
    body, who = await read_json(request, SyncDueBody), identity_of(request)
    since = None if body.since_hours is None else datetime.now(UTC) - timedelta(hours=body.since_hours)
    wanted = Wanted(
        platform=None if body.platform == _ANY else body.platform,
        domains=body.domains or None,
        granularities=body.granularities or None,
        since=since,
    )
    many = deps_of(request).many_files
    return _answer(await many.due(wanted, owner=who.owner, sees=who.sees, most=body.limit, priority=body.priority))


async def sync_these(request: Request) -> Response:
    """POST /api/data-sync/batch-by-ids: sync these files."""
    body, who = await read_json(request, SyncTheseBody), identity_of(request)
    many = deps_of(request).many_files
    return _answer(await many.named(body.file_ids, owner=who.owner, sees=who.sees, priority=body.priority))


async def sync_all(request: Request) -> Response:
    """POST /api/data-sync/batch-all: sync all files that are due and have a template."""
    body, who = await read_json(request, SyncAllBody), identity_of(request)
    return _answer(await deps_of(request).many_files.all(owner=who.owner, sees=who.sees, priority=body.priority))


def _answer(begun: Begun) -> Response:
    view = sync_batch_view(begun)
    if begun.batch is None:
        return answer(view)
    return answer(view, status=HTTPStatus.ACCEPTED, location=f"/api/data-sync/progress/{begun.batch.id}")
