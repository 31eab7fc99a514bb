"""A page: who may see it, what it asks of the API, and the template that shows that."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.dashboard.answers import failed, shown
from app.dashboard.login import LOGIN
from app.dashboard.read import Read
from app.errors import UnauthenticatedError
from app.state import require_admin
from jobs.errors import SwitchyardError


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page; `reads` are handed to the template under their names, `section` is its entry in the menu."""

    path: str
    title: str
    section: str
    template: str
    reads: Mapping[str, Read] = field(default_factory=dict)
    for_admins: bool = False

    async def show(self, request: Request) -> Response:
        """Show it; lead whom nobody knows to the login, and show why where there is nothing to be seen."""
        state = request.scope["state"]
        refusal: SwitchyardError | None = state.get("refusal")
        if isinstance(refusal, UnauthenticatedError):
            return _to_login(request)
        try:
            if refusal is not None:
                raise refusal
            if self.for_admins:
                require_admin(request, f"see the page {self.title}")
            found = await asyncio.gather(*(read.ask(request) for read in self.reads.values()))
        except SwitchyardError as error:
            return failed(request, error)
        values = dict(zip(self.reads, found, strict=True))
        return shown(request, self.template, {"title": self.title, "section": self.section, **values})


def _to_login(request: Request) -> Response:
    """Lead to the login, and from there back."""
    query = f"?{request.url.query}" if request.url.query else ""
    # The server has decoded the path: an id may have a percent sign, or what ends a path, in it.
    then = urlencode({"then": f"{quote(request.scope['path'])}{query}"})
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(f"{LOGIN}?{then}", status_code=HTTPStatus.SEE_OTHER, headers=headers)
