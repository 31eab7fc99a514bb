"""/api/queues and /api/workers."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.schemas.shapes.queues import PauseView, QueueList, WorkerList
from app.schemas.views.queues import queue_view, worker_view
from app.state import Deps, actor_of, deps_of, require_admin
from jobs.errors import NotFoundError


async def list_queues(request: Request) -> Response:
    """GET /api/queues: how each queue does."""
    site = await deps_of(request).overview.site()
    view: QueueList = {"items": [queue_view(queue) for queue in site.queues], "next_cursor": None}
    return answer(view)


async def list_workers(request: Request) -> Response:
    """GET /api/workers: the worker processes that live."""
    workers = await deps_of(request).overview.workers()
    view: WorkerList = {"items": [worker_view(worker) for worker in workers], "next_cursor": None}
    return answer(view)


async def pause_queue(request: Request) -> Response:
    """POST /api/queues/{q}/pause: let nothing of it start any more."""
    deps, queue = _for_admin(request)
    await deps.pauses.pause(queue, by=actor_of(request))
    view: PauseView = {"name": queue, "paused": True}
    return answer(view)


async def resume_queue(request: Request) -> Response:
    """POST /api/queues/{q}/resume: let it go on."""
    deps, queue = _for_admin(request)
    await deps.pauses.resume(queue, by=actor_of(request))
    view: PauseView = {"name": queue, "paused": False}
    return answer(view)


def _for_admin(request: Request) -> tuple[Deps, str]:
    deps, queue = deps_of(request), request.path_params["q"]
    require_admin(request, "pause a queue or let it go on")
    if queue not in deps.tasks.queues:
        raise NotFoundError(f"there is no queue {queue}; there are: {', '.join(deps.tasks.queues)}")
    return deps, queue
