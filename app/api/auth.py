"""/api/auth: logging in and out, and one's own API keys."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from app.api.entry import give_cookie, require_own_page, take_cookie_back
from app.api.parsing import answer, read_json
from app.identity import ADMIN
from app.schemas.accounts import KeyBody, LoginBody, PasswordBody
from app.schemas.shapes.accounts import KeyList, LoggedOutView, MeView
from app.schemas.views.accounts import key_view, logged_in_view, new_key_view, user_view
from app.state import actor_of, admission_of, credential_of, deps_of, identity_of, nobody_of


async def log_in(request: Request) -> Response:
    """POST /api/auth/login: begin a session, by username and password."""
    require_own_page(request)
    body = await read_json(request, LoginBody)
    login = await deps_of(request).logins.begin(body.username, body.password, by=nobody_of(request))
    await deps_of(request).rate_limits.forgive(admission_of(request))
    response = answer(logged_in_view(login))
    give_cookie(request, response, login)
    return response


async def log_out(request: Request) -> Response:
    """POST /api/auth/logout: end the session that the request came with."""
    deps, who = deps_of(request), actor_of(request)
    await deps.logins.end(credential_of(request), by=who)
    deps.authenticator.doubt(who.name)
    view: LoggedOutView = {"logged_in": False}
    response = answer(view)
    take_cookie_back(request, response)
    return response


async def show_me(request: Request) -> Response:
    """GET /api/auth/me: who asks."""
    who = identity_of(request)
    user = None if who.owner == ADMIN else await deps_of(request).accounts.get(who.owner)
    view: MeView = {"id": who.owner, "username": ADMIN if user is None else user.username, "role": who.role}
    return answer(view)


async def change_password(request: Request) -> Response:
    """POST /api/auth/password: give oneself another; all one's sessions end, the one that asks too."""
    deps, who = deps_of(request), actor_of(request)
    body = await read_json(request, PasswordBody)
    user = await deps.logins.change_password(who.name, body.current, body.new, by=who)
    deps.authenticator.doubt(who.name)
    return answer(user_view(user))


async def list_keys(request: Request) -> Response:
    """GET /api/auth/keys: one's own."""
    keys = await deps_of(request).accounts.keys_of(identity_of(request).owner)
    view: KeyList = {"items": [key_view(key) for key in keys], "next_cursor": None}
    return answer(view)


async def create_key(request: Request) -> Response:
    """POST /api/auth/keys: make one; its text is told here, and never again."""
    body, owner = await read_json(request, KeyBody), identity_of(request).owner
    made = await deps_of(request).accounts.add_key(
        owner, name=body.name, days=body.expires_in_days, by=actor_of(request)
    )
    return answer(new_key_view(made.key, made.text), status=HTTPStatus.CREATED)


async def revoke_key(request: Request) -> Response:
    """DELETE /api/auth/keys/{id}: it lets nobody in any more, here at once, in other web processes within 5 s."""
    key_id, who = request.path_params["id"], identity_of(request)
    return answer(key_view(await deps_of(request).accounts.revoke_key(key_id, who, by=actor_of(request))))
