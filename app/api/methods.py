"""One route for all methods of a path: two routes on one path would make a 405 name only the first's methods."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


class PathRoute(Route):
    """A path with the endpoint of each of its methods; HEAD is answered like GET."""

    def __init__(self, path: str, endpoints: dict[str, Endpoint]) -> None:
        async def dispatch(request: Request) -> Response:
            return await endpoints["GET" if request.method == "HEAD" else request.method](request)

        super().__init__(path, dispatch, methods=list(endpoints))
        self.endpoints = endpoints


def by_method(path: str, **endpoints: Endpoint) -> PathRoute:
    """Make a route that calls the endpoint of the request's method."""
    return PathRoute(path, endpoints)
