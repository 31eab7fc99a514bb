"""/api/jobs and /api/tasks."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_fields, read_job_id, read_json
from app.schemas.requests import JobBody, JobQuery
from app.schemas.views import job_view, task_view
from app.state import deps_of, identity_of
from jobs.errors import NotFoundError
from jobs.submit import Submission


async def submit_job(request: Request) -> Response:
    """POST /api/jobs: accept a job."""
    body = await read_json(request, JobBody)
    wanted = Submission(owner=identity_of(request).owner, **dict(body))
    job = await deps_of(request).submitter.submit(wanted)
    return answer(job_view(job), status=HTTPStatus.ACCEPTED, location=f"/api/jobs/{job.id}")


async def show_job(request: Request) -> Response:
    """GET /api/jobs/{id}: show a job, with `wait_s` once it has ended or so many seconds have passed."""
    query = read_fields(request.query_params, JobQuery)
    job_id = read_job_id(request)
    sees = identity_of(request).sees
    job = await deps_of(request).waiter.wait(job_id, owner=sees, wait_s=query.wait_s)
    if job is None:
        raise NotFoundError(f"there is no job {job_id}")
    return answer(job_view(job))


async def list_tasks(request: Request) -> Response:
    """GET /api/tasks: what can be submitted, with the JSON Schemas of the arguments."""
    tasks = deps_of(request).tasks
    return answer({"items": [task_view(task) for task in tasks.values()], "next_cursor": None})
