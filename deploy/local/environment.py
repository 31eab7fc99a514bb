"""The variables that the processes of a site on this machine get; the user's own come first."""

import os
from collections.abc import Mapping
from pathlib import Path

DEFAULTS = {
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "APP_LOG_FORMAT": "console",
    "JOBS_LOG_FORMAT": "console",
    "JOBS_DIAGNOSTICS": "1",
}


def with_defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """Put the user's variables over the defaults; an empty one counts as not set."""
    return DEFAULTS | {name: value for name, value in environ.items() if value or name not in DEFAULTS}


def process_environment(
    environ: Mapping[str, str], urls: Mapping[str, str], *, venv_bin: Path, files: Path, key: str
) -> dict[str, str]:
    """`environ` with all that a process needs to find its stores (`urls`, by variable) and its programs."""
    env = {"JOBS_DATA_DIR": str(files)} | {name: value for name, value in environ.items() if name != "PYTHONHOME"}
    own = {
        "APP_ADMIN_API_KEY": key,
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join((str(venv_bin), environ.get("PATH", os.defpath))),
    }
    return {**env, **urls, **own}
