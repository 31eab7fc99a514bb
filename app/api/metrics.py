"""/metrics: what Prometheus scrapes. Any web process answers for the whole site."""

import asyncio
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from app.api.health import PATIENCE_S, answers
from app.headers import header_of
from app.metrics.exposition import expose
from app.metrics.snapshot import InPostgresql, InRedis, Snapshot
from app.state import Deps, deps_of
from app.templates import routes_of
from jobs.errors import StoreUnavailableError

Found = TypeVar("Found")


async def show_metrics(request: Request) -> Response:
    """GET /metrics: 200 whatever the stores do; 401 where a token is set and not sent."""
    deps = deps_of(request)
    deps.metrics_token.check(header_of(request.scope, b"authorization"))
    snapshot = await _look(deps, routes_of(request.app.routes))
    # Printing takes some 30 ms for 30 pairs of queue and task: too long to let every other request wait.
    body, media_type = await asyncio.to_thread(
        expose, deps.tasks, snapshot, accept=header_of(request.scope, b"accept") or ""
    )
    return Response(body, headers={"Content-Type": media_type})


async def _look(deps: Deps, routes: Sequence[str]) -> Snapshot:
    """Ask both stores: first whether they are there, which nothing else is to slow down, then for the rest."""
    redis_s, postgresql_s = await asyncio.gather(_seconds(deps.queue.ping()), _seconds(deps.database.ping()))
    in_redis, in_postgresql = await asyncio.gather(_in_redis(deps, redis_s), _in_postgresql(deps, postgresql_s))
    return Snapshot(
        routes=routes,
        redis=in_redis,
        postgresql=in_postgresql,
        limiter_is_away=deps.limiter.is_away,
        loop_lag_s=deps.loop_lag.greatest_s,
        pools={store: use() for store, use in deps.pools.items()},
    )


async def _in_redis(deps: Deps, seconds: float | None) -> InRedis | None:
    if seconds is None:
        return None
    site, memory, decisions, cache, traffic = await asyncio.gather(
        _asked(deps.overview.site()),
        _asked(deps.memory.use()),
        _asked(deps.rate_statistics.decisions()),
        _asked(deps.cache.tallies()),
        _asked(deps.traffic_store.tally()),
    )
    if site is None:
        return None
    return InRedis(seconds=seconds, site=site, memory=memory, decisions=decisions, cache=cache, traffic=traffic)


async def _in_postgresql(deps: Deps, seconds: float | None) -> InPostgresql | None:
    if seconds is None:
        return None
    schedules, arrears, upkeep = await asyncio.gather(
        _asked(deps.planned.rows()), _asked(deps.arrears.read()), _asked(deps.upkeep.figures())
    )
    rows = schedules or ()
    canaries = deps.upkeep.canaries_in(rows)
    return InPostgresql(seconds=seconds, schedules=rows, canaries=canaries, arrears=arrears, upkeep=upkeep)


async def _seconds(ping: Awaitable[None]) -> float | None:
    """Say how long a store takes to answer; None where that is too long."""
    began = perf_counter()
    return perf_counter() - began if await answers(ping) else None


async def _asked(answer: Awaitable[Found]) -> Found | None:
    """Give what a store answers; None where it does not within two seconds."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await answer
    except (StoreUnavailableError, TimeoutError):
        return None
