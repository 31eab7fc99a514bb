"""/healthz and /readyz: for load balancers and supervisors, without login."""

from collections.abc import Awaitable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.looks import Look
from app.schemas.shapes.site import AliveView, ReadinessView
from app.state import deps_of
from jobs.errors import StoreUnavailableError

PATIENCE_S = 1.5  # a probe is to be answered within two seconds, whatever hangs


async def healthz(_: Request) -> Response:
    """GET /healthz: the process is alive, whatever its stores do."""
    view: AliveView = {"status": "alive"}
    return answer(view)


async def readyz(request: Request) -> Response:
    """GET /readyz: 200 while jobs can be accepted, naming what is degraded; else 503."""
    deps = deps_of(request)
    found = await deps.readiness.judge(within_s=PATIENCE_S)
    view: ReadinessView = {
        "status": "ready",
        "degraded": found.degraded,
        "canaries": {canary.queue: canary.age_s for canary in found.canaries},
        "warnings": [f"canary.{canary.queue}" for canary in found.canaries if canary.is_silent],
    }
    if deps.waiter.closed:
        view["status"] = "draining"
    elif not found.can_accept:
        view["status"] = "unavailable"
    return answer(view, status=HTTPStatus.OK if view["status"] == "ready" else HTTPStatus.SERVICE_UNAVAILABLE)


async def answers(ping: Awaitable[None]) -> bool:
    """Say whether a store answers in time."""
    try:
        await Look(lambda: ping).seen(within_s=PATIENCE_S)
    except StoreUnavailableError:
        return False
    return True
