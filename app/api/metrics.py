"""/metrics: what Prometheus scrapes. Any web process answers for the whole site."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from app.api.health import answers
from app.metrics import Snapshot, expose
from app.state import deps_of
from jobs.errors import StoreUnavailableError
from jobs.stores.statistics import Reading, Statistics


async def show_metrics(request: Request) -> Response:
    """GET /metrics: 200 whatever the stores do; 401 where a token is set and not sent."""
    deps = deps_of(request)
    deps.metrics_token.check(request.headers.get("authorization"))
    reading, database = await asyncio.gather(_read(deps.statistics), answers(deps.database.ping()))
    snapshot = Snapshot(reading=reading, postgresql_up=database)
    # Printing takes some 30 ms for 30 pairs of queue and task: too long to let every other request wait.
    body, media_type = await asyncio.to_thread(expose, deps.tasks, snapshot, accept=request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": media_type})


async def _read(statistics: Statistics) -> Reading | None:
    try:
        return await statistics.read()
    except StoreUnavailableError:
        return None
