"""The application: the routes inside the middleware, as the tables have them, and nothing around that."""

from starlette.applications import Starlette
from starlette.types import ASGIApp

from app.lifespan import Lifespan
from app.routes import ALL_ROUTES, MIDDLEWARE


class _Application(Starlette):
    """Leaves all errors to RequestContext. Starlette's own two catchers would pass on each part of each answer."""

    def build_middleware_stack(self) -> ASGIApp:
        app: ASGIApp = self.router
        for middleware, args, options in reversed(self.user_middleware):
            app = middleware(app, *args, **options)
        return app


def application(lifespan: Lifespan) -> Starlette:
    """Make it; its parts are there while the lifespan lasts."""
    return _Application(routes=ALL_ROUTES, middleware=MIDDLEWARE, lifespan=lifespan)
