"""Installs into an environment what a hashed lock names: built wheels only, which hashes of ours cover."""

import os
import subprocess
import tempfile
from pathlib import Path

from deploy.local.errors import DevError

_SAFE = ("--require-hashes", "--no-deps", "--only-binary=:all:")
# To compile all modules ahead takes a quarter of the time, for the few that are ever imported: Python compiles those at
# their first import.
_PIP = ("pip", "install", "--no-compile", "-qq", "--disable-pip-version-check", "--no-input")
_UV = ("uv", "pip", "install", "-q")


def install(lock: Path, *, python: Path) -> None:
    """Install it. Raises DevError where that cannot be done; what has been printed by then says why.

    Where the lock has uv that installs the rest, in a tenth of the time: pip looks through all versions that there are
    of each package. But uv heeds nothing that pip is configured by: where it does not get at the packages, pip may.
    """
    if uv := _pinned("uv", lock.read_text()):
        with tempfile.TemporaryDirectory() as folder:
            pinned = Path(folder, "uv.txt")
            pinned.write_text(uv)
            is_there = _ends_well(python, *_PIP, *_SAFE, "-r", str(pinned))
        if is_there and _ends_well(python, *_UV, "--python", str(python), *_SAFE, "-r", str(lock)):
            return
        print("That did not work with uv; with pip it takes longer ...", flush=True)
    if not _ends_well(python, *_PIP, *_SAFE, "-r", str(lock)):
        raise DevError("the environment could not be completed: see the lines above")


def own_environment() -> dict[str, str]:
    """Give our variables without those by which a Python would look elsewhere for its modules."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    return {**kept, "PIP_USER": "0"}


def _ends_well(python: Path, module: str, *arguments: str) -> bool:
    command = [str(python), "-m", module, *arguments]
    return subprocess.run(command, env=own_environment(), check=False).returncode == 0


def _pinned(name: str, lock: str) -> str:
    """Give the lines of a lock that are about one package; nothing where it has none of the name."""
    lines = iter(lock.splitlines(keepends=True))
    pinned = ""
    for line in lines:
        if line.startswith(f"{name}=="):
            pinned = line
            while pinned.endswith("\\\n"):
                pinned += next(lines)
    return pinned
