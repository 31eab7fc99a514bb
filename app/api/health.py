"""/healthz and /readyz: for load balancers and supervisors, without login."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.state import deps_of
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.stores.fitness import Fitness

PATIENCE_S = 2.0


async def healthz(_: Request) -> Response:
    """GET /healthz: the process is alive, whatever its stores do."""
    return answer({"status": "alive"})


async def readyz(request: Request) -> Response:
    """GET /readyz: 200 while jobs can be accepted, naming what is degraded; else 503."""
    deps = deps_of(request)
    database, redis = await asyncio.gather(answers(deps.database.ping()), _trouble(deps.fitness))
    degraded = [*([] if database else ["postgresql"]), *redis]
    if deps.waiter.closed:
        return answer({"status": "draining", "degraded": degraded}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    # Either store is enough to accept jobs.
    if not database and redis:
        return answer({"status": "unavailable", "degraded": degraded}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return answer({"status": "ready", "degraded": degraded})


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
