"""Lets nobody ask for more than he may: charges each request before anything is done for it."""

from collections.abc import Iterable
from typing import Final

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.identity import Identity
from app.rate_limits import require_admitted
from app.state import Deps
from app.templates import Templates
from jobs.errors import SwitchyardError
from ratelimit.policy import LOGIN_FORM, Subject, Tier

# What has to answer whoever asks and however often: probes, metrics, and files that cost nothing. The login page is one
# of them, to send its form is not.
EXEMPT: Final = frozenset(
    {
        *("/healthz", "/readyz", "/metrics"),
        *("/docs", "/docs/{file}", "/openapi.json"),
        *("/login", "/static/{version}/{file}"),
    }
)


class RateLimit:
    """Charges a request to the user, or to the address where nobody is logged in; answers 429 by raising.

    What is to be said in the answer's headers is left to RequestContext, which sees all answers, errors too; and to
    count them, by the route that is found out here.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[Route], pages: Iterable[Route] = ()) -> None:
        """`routes` are all, `pages` those of them that tell people by themselves why they are refused."""
        self._app = app
        self._templates = Templates(routes)
        self._pages = frozenset(page.path for page in pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on that is admitted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state, path = scope["state"], scope["path"]
        deps: Deps = state["deps"]
        route, template = self._templates.of(scope["method"], path)
        state["route"] = route
        if template in EXEMPT and route != LOGIN_FORM:
            deps.rate_limits.exempt(route)
        else:
            admission = await deps.rate_limits.admit(subject_of(scope, deps), route, path)
            state["admission"], state["headers"] = admission, admission.headers
            try:
                require_admitted(admission)
            except SwitchyardError as error:
                if template not in self._pages:
                    raise
                state["refusal"] = error
        await self._app(scope, receive, send)


def subject_of(scope: Scope, deps: Deps) -> Subject:
    """Give whose limits count."""
    network = deps.origins.of(scope).network
    identity: Identity | None = scope["state"].get("identity")
    if identity is None:
        return Subject.anonymous(network)
    return Subject.user(identity.owner, Tier(identity.role), network)
