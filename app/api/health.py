"""/healthz and /readyz: for load balancers and supervisors, without login."""

import asyncio
from collections.abc import Awaitable, Sequence
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.schemas.shapes.site import AliveView, ReadinessView
from app.state import deps_of
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.stores.fitness import Fitness
from jobs.tasks.scheduled.service import Canary, Upkeep

PATIENCE_S = 2.0


async def healthz(_: Request) -> Response:
    """GET /healthz: the process is alive, whatever its stores do."""
    view: AliveView = {"status": "alive"}
    return answer(view)


async def readyz(request: Request) -> Response:
    """GET /readyz: 200 while jobs can be accepted, naming what is degraded; else 503."""
    deps = deps_of(request)
    database, redis, canaries = await asyncio.gather(
        answers(deps.database.ping()), _trouble(deps.fitness), _canaries(deps.upkeep)
    )
    degraded = [*([] if database else ["postgresql"]), *redis]
    view: ReadinessView = {
        "status": "ready",
        "degraded": degraded,
        "canaries": {canary.queue: canary.age_s for canary in canaries},
        "warnings": [f"canary.{canary.queue}" for canary in canaries if canary.is_silent],
    }
    if deps.waiter.closed:
        view["status"] = "draining"
    # Either store is enough to accept jobs.
    elif not database and redis:
        view["status"] = "unavailable"
    return answer(view, status=HTTPStatus.OK if view["status"] == "ready" else HTTPStatus.SERVICE_UNAVAILABLE)


async def answers(ping: Awaitable[None]) -> bool:
    """Say whether a store answers within two seconds."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ping
    except (StoreUnavailableError, TimeoutError):
        return False
    return True


async def _trouble(fitness: Fitness) -> list[str]:
    """Say what is degraded of Redis: it is away, or it is one that workers refuse."""
    try:
        return [] if await answers(fitness.check()) else ["redis"]
    except UnfitRedisError:
        return ["redis_unfit"]


async def _canaries(upkeep: Upkeep) -> Sequence[Canary]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await upkeep.canaries()
    except (StoreUnavailableError, TimeoutError):
        return ()
