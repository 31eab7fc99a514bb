"""The client can be used where no server is installed, and the command starts fast."""

import subprocess
import sys

import pytest

_COMPLETED = {"_SWITCHYARD_COMPLETE": "bash_complete", "COMP_WORDS": "switchyard q", "COMP_CWORD": "1"}
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


@pytest.mark.parametrize("asked", [{}, _COMPLETED], ids=["help", "completion"])
def test_help_and_completion_load_no_command(asked: dict[str, str]) -> None:
    """They say what the table of commands says: a shell that completes a word waits for click alone."""
    code = "import sys; from app.cli.__main__ import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=asked).stdout
    assert "quarantine" in told
    assert not {"httpx", "rich", "app.client"} & {*told.split()}
