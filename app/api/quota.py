"""/api/quota."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer, read_job_id, read_json, read_query
from app.schemas.requests import OverridesBody, QuotaQuery
from app.schemas.views.quota import quota_view
from app.state import actor_of, deps_of, identity_of, require_admin


async def show_quota(request: Request) -> Response:
    """GET /api/quota: what one may have and has; for administrators also somebody else's."""
    owner, own = read_query(request, QuotaQuery).owner, identity_of(request).owner
    quotas = deps_of(request).quotas
    if owner is None or owner == own:
        return answer(quota_view(await quotas.of(own)))
    require_admin(request, "see the quota of others; leave owner out for your own")
    return answer(quota_view(await quotas.of_other(owner)))


async def change_quota(request: Request) -> Response:
    """PATCH /api/quota/{owner}: give somebody numbers of his own, or take them from him."""
    require_admin(request, "change quotas")
    owner = read_job_id(request, "owner", at="owner")
    body = await read_json(request, OverridesBody)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    return answer(quota_view(await deps_of(request).quotas.override(owner, changes, by=actor_of(request))))
