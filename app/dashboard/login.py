"""The page where people log in, the one that everybody may see, and the way out: plain forms, which need no script."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.api.entry import give_cookie, require_own_page, take_cookie_back
from app.api.parsing import read_fields, read_plain_form
from app.dashboard.answers import failed, shown
from app.errors import UnauthenticatedError
from app.login import Session
from app.schemas.accounts import KeyLoginForm, LoginBody
from app.state import actor_of, admission_of, credential_of, deps_of, nobody_of
from jobs.errors import SwitchyardError

LOGIN: Final = "/login"
LOGOUT: Final = "/logout"

_TEMPLATE = "login.html"
_HOME = "/"


async def show_login(request: Request) -> Response:
    """GET /login: `then` is where to go afterwards, a path of ours."""
    return shown(request, _TEMPLATE, {**_values(request), "problem": None})


async def log_in(request: Request) -> Response:
    """POST /login: begin a session by password or by key, and lead on; else say why not, and ask again."""
    fields: dict[str, str] = {}
    try:
        _raise_refusal(request)
        require_own_page(request)
        fields = await read_plain_form(request)
        session = await _begin(request, fields)
    except SwitchyardError as error:
        return failed(request, error, template=_TEMPLATE, values={**_values(request), **_typed(fields)})
    await deps_of(request).rate_limits.forgive(admission_of(request))
    response = _see_other(_values(request)["then"])
    give_cookie(request, response, session)
    return response


async def log_out(request: Request) -> Response:
    """POST /logout: end the session that the cookie names, and lead to the login."""
    deps, response = deps_of(request), _see_other(LOGIN)
    try:
        _raise_refusal(request)
        who = actor_of(request)
        await deps.logins.end(credential_of(request), by=who)
    except UnauthenticatedError:
        return response  # it has ended already; or a page of another host asks, which ends nobody's
    except SwitchyardError as error:
        return failed(request, error)
    deps.authenticator.doubt(who.name)
    take_cookie_back(request, response)
    return response


async def _begin(request: Request, fields: dict[str, str]) -> Session:
    logins, by = deps_of(request).logins, nobody_of(request)
    if "key" in fields:
        return await logins.begin_with_key(read_fields(fields, KeyLoginForm).key.strip(), by=by)
    body = read_fields(fields, LoginBody)
    return await logins.begin(body.username, body.password, by=by)


def _raise_refusal(request: Request) -> None:
    refusal: SwitchyardError | None = request.scope["state"].get("refusal")
    if refusal is not None:
        raise refusal


def _values(request: Request) -> dict[str, str]:
    then = _path_of_ours(request.query_params.get("then", _HOME))
    return {"title": "Log in", "section": "", "then": then, "username": "", "with_key": ""}


def _typed(fields: dict[str, str]) -> dict[str, str]:
    """Give what need not be typed again: whose name it was, and which of the forms."""
    return {"username": fields.get("username", ""), "with_key": "yes" if "key" in fields else ""}


def _see_other(path: str) -> Response:
    return RedirectResponse(path, status_code=HTTPStatus.SEE_OTHER, headers={"Cache-Control": "no-store"})


def _path_of_ours(text: str) -> str:
    """Lead nobody to another host, by whatever a browser takes for the beginning of one."""
    is_ours = text.startswith(_HOME) and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_ours else _HOME
