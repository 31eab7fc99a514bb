"""/api/failures: failed jobs by their cause."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_query
from app.schemas.requests import CausesQuery, RetryQuery
from app.schemas.shapes.failures import CauseList, RetriedView
from app.schemas.views.failures import cause_view
from app.state import actor_of, deps_of, identity_of
from jobs.errors import NotFoundError


async def list_causes(request: Request) -> Response:
    """GET /api/failures: what jobs have failed of, the cause that was seen last first."""
    query = read_query(request, CausesQuery)
    causes = await deps_of(request).failures.causes(
        owner=identity_of(request).sees,
        since=query.since,
        after=read_cursor(List.FAILURES, query.cursor),
        limit=query.limit,
    )
    following = write_cursor(List.FAILURES, causes.following)
    view: CauseList = {"items": [cause_view(cause) for cause in causes.items], "next_cursor": following}
    return answer(view)


async def retry_cause(request: Request) -> Response:
    """POST /api/failures/{fingerprint}/retry: run all that failed of a cause once more, or as many as time allows."""
    query = read_query(request, RetryQuery)
    fingerprint = request.path_params["fingerprint"]
    if "\x00" in fingerprint:
        raise NotFoundError("there is no cause of this fingerprint")
    retried = await deps_of(request).failures.retry(
        fingerprint,
        owner=identity_of(request).sees,
        after=read_cursor(List.MEMBERS, query.cursor),
        by=actor_of(request),
    )
    view: RetriedView = {
        "retried": retried.retried,
        "skipped": retried.skipped,
        "remaining": retried.remaining,
        "next_cursor": write_cursor(List.MEMBERS, retried.following),
    }
    return answer(view, status=HTTPStatus.ACCEPTED)
