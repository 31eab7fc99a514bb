"""The page where people log in, the one that everybody may see. Its script sends the form to the API."""

from starlette.requests import Request
from starlette.responses import Response

from app.dashboard.answers import shown

_HOME = "/"


async def show_login(request: Request) -> Response:
    """GET /login: `then` is where to go afterwards, a path of ours."""
    values = {"title": "Log in", "section": "", "then": _path_of_ours(request.query_params.get("then", _HOME))}
    return shown(request, "login.html", values)


def _path_of_ours(text: str) -> str:
    """Lead nobody to another host, by whatever a browser takes for the beginning of one.

    Neither is anything with braces taken, which the script would fill in with what the login has answered.
    """
    is_ours = text.startswith(_HOME) and not text.startswith(("//", "/\\")) and text.isprintable() and "{" not in text
    return text if is_ours else _HOME
