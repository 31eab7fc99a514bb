"""/api/data-sync/accounts: shops on sales platforms. Administrators write them, all who are known read them."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_id, read_json, read_query
from app.schemas.shapes.shops import ShopList
from app.schemas.shops import ShopBody, ShopChangeBody, ShopsQuery
from app.schemas.views.shops import shop_view
from app.state import actor_of, deps_of, require_admin
from jobs.tasks.data_sync.shops import ShopFilter

_WHAT = "write accounts"


async def list_shops(request: Request) -> Response:
    """GET /api/data-sync/accounts: newest first."""
    query = read_query(request, ShopsQuery)
    wanted = ShopFilter(platform=query.platform, enabled=query.enabled)
    after = read_cursor(List.SHOPS, query.cursor)
    found = await deps_of(request).shops.page(wanted, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    following = page[-1].place if len(found) > len(page) else None
    view: ShopList = {
        "items": [shop_view(shop) for shop in page],
        "next_cursor": write_cursor(List.SHOPS, following),
    }
    return answer(view)


async def create_shop(request: Request) -> Response:
    """POST /api/data-sync/accounts: enter one."""
    require_admin(request, _WHAT)
    body = await read_json(request, ShopBody)
    shop = await deps_of(request).shops.create(
        platform=body.platform, shop_id=body.shop_id, name=body.name, enabled=body.enabled, by=actor_of(request)
    )
    return answer(shop_view(shop), status=HTTPStatus.CREATED)


async def change_shop(request: Request) -> Response:
    """PATCH /api/data-sync/accounts/{id}: another name, or whether it is enabled."""
    require_admin(request, _WHAT)
    body = await read_json(request, ShopChangeBody)
    shop = await deps_of(request).shops.change(
        read_id(request, "account"), name=body.name, enabled=body.enabled, by=actor_of(request)
    )
    return answer(shop_view(shop))


async def delete_shop(request: Request) -> Response:
    """DELETE /api/data-sync/accounts/{id}: what came from the shop stays."""
    require_admin(request, _WHAT)
    shop = await deps_of(request).shops.delete(read_id(request, "account"), by=actor_of(request))
    return answer(shop_view(shop))
