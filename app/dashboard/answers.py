"""What a browser gets: a template filled in, with what the page in it may do."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from app.dashboard.assets import path_of
from app.dashboard.compiled import BesideModules, compiled
from app.dashboard.filters import FILTERS
from app.dashboard.words import CHOICES, PRIORITIES, REASONS, has_ended
from app.identity import Identity, Role
from app.problems import known_problem
from jobs.errors import SwitchyardError

# A page runs our scripts and asks our server; whatever a job or a file has in it, nothing else is run or loaded.
_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PROBLEM_HEADERS: Final = ("retry-after",)

_FOLDER = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER / "templates"),
    bytecode_cache=BesideModules(_FOLDER, options=Path(__file__).read_bytes()),
    autoescape=True,
    auto_reload=False,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(FILTERS)
_TEMPLATES.tests["ended"] = has_ended
_TEMPLATES.globals.update(asset=path_of, choices=CHOICES, priorities=PRIORITIES, reasons=REASONS)
# At the start, which a wrong one stops: no request waits for it.
_COMPILED: Final = compiled(_TEMPLATES)


def shown(
    request: Request, template: str, values: Mapping[str, Any], *, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Fill a template in. It finds who looks at it, if anybody is known, and the page's query beside the values."""
    who: Identity | None = request.scope["state"].get("identity")
    text = _COMPILED[template].render(
        **values,
        who=who,
        is_admin=who is not None and who.role is Role.ADMIN,
        path=request.url.path,
        query=request.query_params,
    )
    return Response(text, status_code=status, media_type="text/html", headers=_HEADERS)


def failed(
    request: Request, error: SwitchyardError, *, template: str = "problem.html", values: Mapping[str, Any] | None = None
) -> Response:
    """Show, in place of a page or in another template of its own, the problem that the API would answer with."""
    problem = known_problem(request, error)
    status = HTTPStatus(problem.status_code)
    answer = shown(
        request,
        template,
        {"title": status.phrase, "section": "", **(values or {}), "problem": orjson.loads(problem.body)},
        status=status,
    )
    for name in _PROBLEM_HEADERS:
        if name in problem.headers:
            answer.headers[name] = problem.headers[name]
    return answer
