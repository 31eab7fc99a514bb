"""Tells what a request asks for, as its method and the template of its path: words out of few, whatever is sent."""

from collections.abc import Iterable

from starlette.routing import Route

UNKNOWN = "none"  # the template of a path that leads nowhere, and the method of one that is not taken there


def routes_of(routes: Iterable[Route]) -> list[str]:
    """Give each `<method> <template>` that a request may ask for; a HEAD is a GET."""
    return [f"{method} {route.path}" for route in routes for method in sorted((route.methods or set()) - {"HEAD"})]


class Templates:
    """Finds the template of a path before the router has looked."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = tuple(routes)
        self._exact = {route.path: route for route in routes if "{" not in route.path}
        self._patterns = tuple((route.path_regex, route) for route in routes if "{" in route.path)

    def of(self, method: str, path: str) -> tuple[str, str]:
        """Give `<method> <template>` and the template alone."""
        route = self._route_of(path)
        if route is None:
            return UNKNOWN, UNKNOWN
        known = method if method in (route.methods or ()) else UNKNOWN
        return f"{'GET' if known == 'HEAD' else known} {route.path}", route.path

    def have(self, path: str) -> bool:
        """Say whether a path leads somewhere."""
        return self._route_of(path) is not None

    def _route_of(self, path: str) -> Route | None:
        return self._exact.get(path) or next((route for regex, route in self._patterns if regex.match(path)), None)
