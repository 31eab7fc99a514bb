"""The client can be used where no server is installed."""

import subprocess
import sys

_LOADED = "import sys, app.client; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
# httpx, and what that loads.
_ALLOWED = {"app", "httpx", "httpcore", "anyio", "h11", "idna", "certifi", "typing_extensions"}
# What httpx loads where it finds it: its own command line.
_FOUND = {"click", "rich", "pygments"}


def test_the_client_needs_httpx_alone() -> None:
    """No part of the server is loaded, and no setting is read."""
    asked = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True, env={})
    loaded = set(asked.stdout.split()) - sys.stdlib_module_names
    assert {name for name in loaded if not name.startswith("_")} <= _ALLOWED | _FOUND
