"""/api/batches."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.jobs import IDEMPOTENCY_KEY, REPLAYED
from app.api.parsing import answer, read_job_id, read_json, read_query
from app.headers import header_of
from app.schemas.requests import BatchBody, BatchesQuery
from app.schemas.shapes.batches import BatchList
from app.schemas.views.batches import batch_view
from app.state import actor_of, deps_of, identity_of
from jobs.batch_check import BatchSubmission
from jobs.submission import Submission


async def submit_batch(request: Request) -> Response:
    """POST /api/batches: accept all of these jobs, or none."""
    body = await read_json(request, BatchBody)
    owner, deps, key = identity_of(request).owner, deps_of(request), header_of(request.scope, IDEMPOTENCY_KEY)
    follower = None if body.on_complete is None else Submission(owner=owner, **vars(body.on_complete))
    asked = BatchSubmission(owner=owner, jobs=body.jobs, name=body.name, on_complete=follower)
    submitted = await (
        deps.batch_submitter.submit(asked) if key is None else deps.idempotent_batches.submit(asked, key=key)
    )
    location = f"/api/batches/{submitted.batch.id}"
    response = answer(batch_view(submitted.batch), status=HTTPStatus.ACCEPTED, location=location)
    if submitted.is_replayed:
        response.headers[REPLAYED] = "true"
    return response


async def list_batches(request: Request) -> Response:
    """GET /api/batches: newest first."""
    query = read_query(request, BatchesQuery)
    place, sees = read_cursor(List.BATCHES, query.cursor), identity_of(request).sees
    page = await deps_of(request).batches.page(owner=sees, after=place, limit=query.limit)
    following = write_cursor(List.BATCHES, page.following)
    view: BatchList = {"items": [batch_view(batch) for batch in page.batches], "next_cursor": following}
    return answer(view)


async def show_batch(request: Request) -> Response:
    """GET /api/batches/{id}: how its jobs do."""
    batches, sees = deps_of(request).batches, identity_of(request).sees
    return answer(batch_view(await batches.get(read_job_id(request, "batch"), owner=sees)))


async def cancel_batch(request: Request) -> Response:
    """POST /api/batches/{id}/cancel: stop all its jobs."""
    batches, sees = deps_of(request).batches, identity_of(request).sees
    cancelled = await batches.cancel(read_job_id(request, "batch"), owner=sees, by=actor_of(request))
    return answer(batch_view(cancelled))


async def retry_batch(request: Request) -> Response:
    """POST /api/batches/{id}/retry: run once more those of its jobs that ended badly."""
    batches, sees = deps_of(request).batches, identity_of(request).sees
    retried = await batches.retry(read_job_id(request, "batch"), owner=sees, by=actor_of(request))
    return answer(batch_view(retried), status=HTTPStatus.ACCEPTED)
