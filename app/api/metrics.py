"""/metrics: what Prometheus scrapes. Any web process answers for the whole site."""

import asyncio
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from app.api.health import PATIENCE_S, answers
from app.headers import header_of
from app.metrics.exposition import expose
from app.metrics.snapshot import Snapshot
from app.state import deps_of
from app.stores.rate_statistics import RateStatistics
from jobs.cache.cache import Cache
from jobs.cache.counts import Tally
from jobs.errors import StoreUnavailableError
from jobs.planned import Planned
from jobs.stores.schedules import ScheduleRow
from jobs.stores.statistics import Reading, Statistics
from jobs.tasks.scheduled.service import Figures, Upkeep
from ratelimit.ledger import PolicyCell


async def show_metrics(request: Request) -> Response:
    """GET /metrics: 200 whatever the stores do; 401 where a token is set and not sent."""
    deps = deps_of(request)
    deps.metrics_token.check(header_of(request.scope, b"authorization"))
    reading, database, schedules, decisions, cache, upkeep = await asyncio.gather(
        _read(deps.statistics),
        answers(deps.database.ping()),
        _schedules(deps.planned),
        _decisions(deps.rate_statistics),
        _cache(deps.cache),
        _figures(deps.upkeep),
    )
    snapshot = Snapshot(
        reading=reading,
        postgresql_up=database,
        schedules=schedules,
        decisions=decisions,
        upkeep=upkeep,
        limiter_is_away=deps.limiter.is_away,
        cache=cache,
    )
    # Printing takes some 30 ms for 30 pairs of queue and task: too long to let every other request wait.
    body, media_type = await asyncio.to_thread(
        expose, deps.tasks, snapshot, accept=header_of(request.scope, b"accept") or ""
    )
    return Response(body, headers={"Content-Type": media_type})


async def _read(statistics: Statistics) -> Reading | None:
    try:
        return await statistics.read()
    except StoreUnavailableError:
        return None


async def _decisions(statistics: RateStatistics) -> Mapping[PolicyCell, int] | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await statistics.decisions()
    except (StoreUnavailableError, TimeoutError):
        return None


async def _cache(cache: Cache) -> Mapping[str, Tally] | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await cache.tallies()
    except (StoreUnavailableError, TimeoutError):
        return None


async def _figures(upkeep: Upkeep) -> Figures | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await upkeep.figures()
    except (StoreUnavailableError, TimeoutError):
        return None


async def _schedules(planned: Planned) -> Sequence[ScheduleRow]:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await planned.rows()
    except (StoreUnavailableError, TimeoutError):
        return ()
