"""/api/users. For administrators."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.cursors import List, read_cursor, write_cursor
from app.api.parsing import answer, read_json, read_query
from app.schemas.accounts import UserBody, UserChangeBody, UsersQuery
from app.schemas.shapes.accounts import UserList
from app.schemas.views.accounts import user_view
from app.state import actor_of, deps_of, require_admin
from jobs.stores.listing import Place

_WHAT = "see or change users"


async def list_users(request: Request) -> Response:
    """GET /api/users: newest first."""
    require_admin(request, _WHAT)
    query = read_query(request, UsersQuery)
    found = await deps_of(request).accounts.page(after=read_cursor(List.USERS, query.cursor), limit=query.limit + 1)
    page = found[: query.limit]
    following = Place(page[-1].created_at, page[-1].id) if len(found) > len(page) else None
    view: UserList = {
        "items": [user_view(user) for user in page],
        "next_cursor": write_cursor(List.USERS, following),
    }
    return answer(view)


async def create_user(request: Request) -> Response:
    """POST /api/users: enter one."""
    require_admin(request, _WHAT)
    body = await read_json(request, UserBody)
    user = await deps_of(request).accounts.add(body.username, body.password, body.role, by=actor_of(request))
    return answer(user_view(user), status=HTTPStatus.CREATED)


async def change_user(request: Request) -> Response:
    """PATCH /api/users/{id}: another role or password; disabled, he loses his sessions and keys at once."""
    require_admin(request, _WHAT)
    body = await read_json(request, UserChangeBody)
    user = await deps_of(request).accounts.change(
        request.path_params["id"],
        role=body.role,
        password=body.password,
        is_disabled=body.disabled,
        by=actor_of(request),
    )
    return answer(user_view(user))
