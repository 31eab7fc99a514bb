"""/api/rate-limit: the limits in force, and what they do."""

import re
import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_json, read_query
from app.errors import PreconditionFailedError, PreconditionRequiredError
from app.headers import header_of
from app.live_limits import InForce
from app.schemas.limits import DenialsQuery, LimitsBody, StatisticsQuery
from app.schemas.shapes.rate_limits import AnomalyList, DenialList
from app.schemas.views.rate_limits import anomaly_view, denial_view, limits_view, own_limits_view, statistics_view
from app.state import actor_of, admission_of, deps_of, require_admin
from ratelimit.anomalies import anomalies
from ratelimit.document import LimitsDocument
from ratelimit.ledger import MINUTE_S

_TAG = re.compile(r'"([0-9]{1,18})"')


async def show_limits(request: Request) -> Response:
    """GET /api/rate-limit/config: the limits in force, with an ETag. For administrators."""
    require_admin(request, "read the rate limits")
    return _tagged(deps_of(request).live_limits.in_force)


async def change_limits(request: Request) -> Response:
    """PUT /api/rate-limit/config: replace all limits, in every process within a second. For administrators."""
    require_admin(request, "change the rate limits")
    body = await read_json(request, LimitsBody)
    document = LimitsDocument.model_validate(body.model_dump())
    live = deps_of(request).live_limits
    return _tagged(await live.change(document, versions=_versions(request), by=actor_of(request)))


async def show_own_limits(request: Request) -> Response:
    """GET /api/rate-limit/my-info: whose limits count for the asker, and how he stands."""
    subject = admission_of(request).subject
    return answer(own_limits_view(subject, await deps_of(request).rate_limits.peek(subject)))


async def show_statistics(request: Request) -> Response:
    """GET /api/rate-limit/stats: what was asked for, by minute and route. For administrators."""
    require_admin(request, "read the statistics of requests")
    query = read_query(request, StatisticsQuery)
    found = await deps_of(request).rate_statistics.routes(now_minute=_minute(), minutes=query.minutes)
    return answer(statistics_view(found))


async def clear_statistics(request: Request) -> Response:
    """DELETE /api/rate-limit/stats: begin anew. For administrators."""
    require_admin(request, "clear the statistics of requests")
    deps = deps_of(request)
    async with deps.limits_store.clearing(by=actor_of(request)):
        await deps.rate_statistics.clear(now_minute=_minute())
    return Response(status_code=204)


async def list_denials(request: Request) -> Response:
    """GET /api/rate-limit/events: the last denials, newest first. For administrators."""
    require_admin(request, "read who was denied")
    query = read_query(request, DenialsQuery)
    found = await deps_of(request).rate_statistics.denials(limit=query.limit)
    view: DenialList = {"items": [denial_view(denial) for denial in found], "next_cursor": None}
    return answer(view)


async def list_anomalies(request: Request) -> Response:
    """GET /api/rate-limit/anomalies: who asks for far more than in his own last hour. For administrators."""
    require_admin(request, "read who asks for how much")
    found = anomalies(await deps_of(request).rate_statistics.histories(now_minute=_minute()))
    view: AnomalyList = {"items": [anomaly_view(anomaly) for anomaly in found], "next_cursor": None}
    return answer(view)


def _tagged(in_force: InForce) -> Response:
    response = answer(limits_view(in_force))
    response.raw_headers.append((b"etag", b'"%d"' % in_force.version))
    return response


def _versions(request: Request) -> Sequence[int] | None:
    """Give the versions that If-Match names, None for any; raises where it is missing or names none."""
    said = header_of(request.scope, b"if-match")
    if said is None:
        raise PreconditionRequiredError("send the ETag of the limits that you have read as If-Match")
    if said.strip() == "*":
        return None
    tags = [_TAG.fullmatch(tag.strip()) for tag in said.split(",")]
    versions = [int(tag[1]) for tag in tags if tag is not None]
    if not versions:
        raise PreconditionFailedError("If-Match names no version of the limits; read them, and send their ETag")
    return versions


def _minute() -> int:
    return int(time.time()) // MINUTE_S
