"""/api/cache: what the cache does, and clearing it."""

from starlette.requests import Request
from starlette.responses import Response

from app.api.parsing import answer
from app.schemas.views.cache import cache_statistics_view
from app.state import actor_of, deps_of, require_admin


async def show_cache_statistics(request: Request) -> Response:
    """GET /api/cache/stats: what was counted of each type, in all processes."""
    return answer(cache_statistics_view(await deps_of(request).cache.tallies()))


async def clear_cache(request: Request) -> Response:
    """DELETE /api/cache/{type}: none of its values is found any more, in no process."""
    require_admin(request, "clear the cache")
    await deps_of(request).cache.clear(request.path_params["type"], by=actor_of(request))
    return Response(status_code=204)
