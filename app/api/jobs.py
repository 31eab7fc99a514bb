"""/api/jobs and /api/tasks."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_job_id, read_json, read_query
from app.errors import ForbiddenError
from app.headers import header_of
from app.schemas.requests import CancelQuery, JobBody, JobQuery, JobsQuery
from app.schemas.shapes.jobs import CancellationView, JobList, TaskList, TriedJobView
from app.schemas.views.jobs import job_view, task_view, try_view
from app.state import actor_of, deps_of, identity_of, leave_untimed
from jobs.errors import InvalidInputError, Mistake, NotFoundError
from jobs.stores.listing import JobFilter
from jobs.submission import Submission

IDEMPOTENCY_KEY = b"idempotency-key"
REPLAYED = "Idempotency-Replayed"


async def submit_job(request: Request) -> Response:
    """POST /api/jobs: accept a job; 200 with the job that is already there where it has the same unique key."""
    body = await read_json(request, JobBody)
    wanted = Submission(owner=identity_of(request).owner, **vars(body))
    key, deps = header_of(request.scope, IDEMPOTENCY_KEY), deps_of(request)
    submitted = await (deps.submitter.submit(wanted) if key is None else deps.idempotent.submit(wanted, key=key))
    status = HTTPStatus.ACCEPTED if submitted.is_new else HTTPStatus.OK
    response = answer(job_view(submitted.job), status=status, location=f"/api/jobs/{submitted.job.id}")
    if submitted.is_replayed:
        response.headers[REPLAYED] = "true"
    return response


async def list_jobs(request: Request) -> Response:
    """GET /api/jobs: newest first."""
    query = read_query(request, JobsQuery)
    after, before = query.accepted_after, query.accepted_before
    if after is not None and before is not None and after >= before:
        raise InvalidInputError([Mistake(pointer="/accepted_before", detail="is not after accepted_after")])
    wanted = JobFilter(
        states=query.state,
        owner=_owner(request, query.owner),
        task=query.task,
        queue=query.queue,
        tag=query.tag,
        batch=query.batch,
        accepted_after=after,
        accepted_before=before,
    )
    place = read_cursor(List.JOBS, query.cursor)
    page = await deps_of(request).browser.page(wanted, after=place, limit=query.limit)
    following = write_cursor(List.JOBS, page.following)
    view: JobList = {"items": [job_view(job) for job in page.jobs], "next_cursor": following}
    return answer(view)


async def show_job(request: Request) -> Response:
    """GET /api/jobs/{id}: show a job and its tries, with `wait_s` once it has ended or so many seconds have passed."""
    query = read_query(request, JobQuery)
    if query.wait_s:
        leave_untimed(request.scope)
    job_id, deps = read_job_id(request), deps_of(request)
    job = await deps.waiter.wait(job_id, owner=identity_of(request).sees, wait_s=query.wait_s)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    shown = job_view(job, await deps.overview.waiting_of(job))
    view: TriedJobView = {**shown, "attempts": [try_view(one) for one in await deps.finder.tries(job)]}
    return answer(view)


async def cancel_job(request: Request) -> Response:
    """POST /api/jobs/{id}/cancel: stop a job; `wait_s` is how long to wait for one that runs."""
    query = read_query(request, CancelQuery)
    if query.wait_s:
        leave_untimed(request.scope)
    deps, sees = deps_of(request), identity_of(request).sees
    cancelled = await deps.canceller.cancel(read_job_id(request), owner=sees, wait_s=query.wait_s, by=actor_of(request))
    view: CancellationView = {"outcome": cancelled.outcome, "job": job_view(cancelled.job)}
    return answer(view)


async def retry_job(request: Request) -> Response:
    """POST /api/jobs/{id}/retry: run a job that ended badly once more."""
    deps, job_id = deps_of(request), read_job_id(request)
    job = await deps.finder.get(job_id, owner=identity_of(request).sees)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    return answer(job_view(await deps.submitter.rerun(job, by=actor_of(request))), status=HTTPStatus.ACCEPTED)


async def list_tasks(request: Request) -> Response:
    """GET /api/tasks: what can be submitted, with the JSON Schemas of the arguments."""
    tasks = deps_of(request).tasks
    view: TaskList = {
        "items": [task_view(task) for task in tasks.values() if not task.system_only],
        "next_cursor": None,
    }
    return answer(view)


def _owner(request: Request, wanted: str | None) -> str | None:
    """Say whose jobs to list: everybody lists his own, an administrator anybody's."""
    sees = identity_of(request).sees
    if sees is not None and wanted not in {None, sees}:
        raise ForbiddenError("only an administrator may list the jobs of others; leave owner out for your own")
    return wanted or sees
