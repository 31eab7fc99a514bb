"""What pages load: style sheets and scripts, read once, under a path that changes with any of them."""

import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from jobs.errors import NotFoundError

PATH: Final = "/static/{version}/{file}"

_FOLDER = Path(__file__).with_name("static")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Beside these nothing is given out.
_ASSETS = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
_VERSION = hashlib.sha256(b"\0".join(_ASSETS.values())).hexdigest()[:16]
_A_YEAR_S = 365 * 24 * 3600


def path_of(name: str) -> str:
    """Give the path of an asset. Raises KeyError where there is none of this name: a template is wrong."""
    if name not in _ASSETS:
        raise KeyError(name)
    return f"/static/{_VERSION}/{name}"


async def show_asset(request: Request) -> Response:
    """GET /static/{version}/{file}: a browser keeps it, but for one of another version while processes are replaced."""
    name, version = request.path_params["file"], request.path_params["version"]
    if name not in _ASSETS:
        raise NotFoundError(f"pages have no file {name}")
    kept = f"public, max-age={_A_YEAR_S}, immutable" if version == _VERSION else "no-store"
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"}
    return Response(_ASSETS[name], media_type=_TYPES[Path(name).suffix], headers=headers)
