"""/api/schedules."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.schemas.shapes.schedules import ScheduleList
from app.schemas.views.jobs import job_view
from app.schemas.views.schedules import schedule_view
from app.state import actor_of, deps_of, require_admin


async def list_schedules(request: Request) -> Response:
    """GET /api/schedules: what runs by itself, and when."""
    plans = await deps_of(request).planned.all()
    view: ScheduleList = {"items": [schedule_view(plan) for plan in plans], "next_cursor": None}
    return answer(view)


async def run_schedule(request: Request) -> Response:
    """POST /api/schedules/{name}/run: run it now; 200 with its unfinished job where it must not be overlapped."""
    require_admin(request, "run a schedule out of turn")
    submitted = await deps_of(request).planned.run(request.path_params["name"], by=actor_of(request))
    status = HTTPStatus.ACCEPTED if submitted.is_new else HTTPStatus.OK
    return answer(job_view(submitted.job), status=status, location=f"/api/jobs/{submitted.job.id}")
