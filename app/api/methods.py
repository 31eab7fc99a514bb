"""One route for all methods of a path: two routes on one path would make a 405 name only the first's methods."""

from collections.abc import Awaitable, Callable, Mapping

from starlette._utils import get_route_path
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class _Methods:
    """Calls the endpoint of the request's method; HEAD is answered like GET.

    Starlette takes an object for an ASGI application, and need not catch a second time what it catches further out.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        response = await self._endpoints["GET" if method == "HEAD" else method](Request(scope, receive, send))
        await response(scope, receive, send)


class PathRoute(Route):
    """A path with the endpoint of each of its methods."""

    def __init__(self, path: str, endpoints: Mapping[str, Endpoint]) -> None:
        super().__init__(path, _Methods(endpoints), methods=list(endpoints))
        self.endpoints = endpoints
        self._is_exact = "{" not in path

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Claim a path that is this one's alone whatever the method: another's parameter may look just like it."""
        if not self._is_exact:
            return super().matches(scope)
        if scope["type"] != "http" or get_route_path(scope) != self.path:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def by_method(path: str, **endpoints: Endpoint) -> PathRoute:
    """Make a route that calls the endpoint of the request's method."""
    return PathRoute(path, endpoints)
