"""/docs and /openapi.json: the page to read and try the API, and the document that it shows. Both are files."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.api.whole_file import WholeFile
from jobs.errors import NotFoundError

_FOLDER = Path(__file__).parents[1] / "docs"

# What the page loads, by name; beside this nothing is given out.
_ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
# The page runs our scripts and asks our server; whatever a document or an answer has in it, nothing else is loaded.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


async def show_document(_: Request) -> Response:
    """GET /openapi.json: the committed document, which the tests hold to the code."""
    return WholeFile(_FOLDER / "openapi.json", media_type="application/json")


async def show_page(_: Request) -> Response:
    """GET /docs: the page; it takes everything from this server."""
    return WholeFile(_FOLDER / "page.html", media_type="text/html", headers=_SAFE)


async def show_asset(request: Request) -> Response:
    """GET /docs/{file}: a script or a style sheet of the page."""
    name = request.path_params["file"]
    if name not in _ASSETS:
        raise NotFoundError(f"the page has no file {name}")
    return WholeFile(_FOLDER / name, media_type=_ASSETS[name], headers={**_SAFE, "Cache-Control": "max-age=3600"})
