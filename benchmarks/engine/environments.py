"""The peers' own environments, `.local/peers/<name>`: made from hashed locks, anew when a lock has changed.

The locks are `benchmarks/peers/<name>.txt`, each made from `<name>.in`; `build` holds the tools that build what has no
wheel. To make them all anew, with the newest versions:

    for name in build arq pandas saq slowapi streaq taskiq; do .venv/bin/uv pip compile -q -U --universal \
        --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
        benchmarks/peers/$name.in -o benchmarks/peers/$name.txt; done
"""

import hashlib
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import progress
from deploy.local.locks import FileLock

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "benchmarks" / "peers"
ENVIRONMENTS = ROOT / ".local" / "peers"

_BUILD = LOCKS / "build.txt"
_INSTALL_WITHIN_S = 1800.0
# nothing is downloaded but what a hash covers: the build tools are installed first, from their own lock
_PIP_OPTIONS = (
    *("--require-hashes", "--no-deps", "--no-build-isolation"),
    *("-qq", "--disable-pip-version-check", "--no-input"),
)


def python_of(name: str) -> Path:
    """Give the Python of a peer's environment; make the environment first where it is not what the lock says."""
    folder = ENVIRONMENTS / name
    lock = FileLock(ENVIRONMENTS / f"{name}.lock")
    lock.acquire(wait_s=_INSTALL_WITHIN_S)
    try:
        if _stamped(folder) != _wanted(folder):
            progress(f"engine: installing {name} into {folder.relative_to(ROOT)} (once)")
            _make(folder)
    finally:
        lock.release()
    return _python(folder)


def _make(folder: Path) -> None:
    _run(sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder))
    for lock in (_BUILD, _lock_of(folder)):
        pip = (sys.executable, "-m", "pip", "--python", str(_python(folder)))
        _run(*pip, "install", *_PIP_OPTIONS, "-r", str(lock))
    _stamp(folder).write_text(_wanted(folder))


def _wanted(folder: Path) -> str:
    digest = hashlib.sha256(_BUILD.read_bytes() + _lock_of(folder).read_bytes()).hexdigest()
    return f"python {sys.version}\nfolder {folder}\nlocks {digest}\n"


def _stamped(folder: Path) -> str:
    try:
        return _stamp(folder).read_text()
    except OSError:
        return ""


def _stamp(folder: Path) -> Path:
    return folder / "switchyard.stamp"


def _lock_of(folder: Path) -> Path:
    return LOCKS / f"{folder.name}.txt"


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=_INSTALL_WITHIN_S)
