"""The tree's virtual environment: made from the hashed lock, and made anew only when it would not be right."""

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from deploy.local.errors import DevError
from deploy.local.locks import FileLock, LockedError
from deploy.local.packages import install, own_environment

LEAST_PYTHON = (3, 11)

_UNFINISHED = "unfinished\n"
# What an installed package would have for [project.scripts]. -P: the folder that one stands in is not looked into.
_COMMAND = """\
#!/bin/sh
exec "$(dirname "$0")/python" -P -m app.cli "$@"
"""
_INSTALL_WITHIN_S = 1800.0


class Venv:
    """`.venv` in the tree `root`; its stamp names the lock, the place and the Python that it was made for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._requirements = root / "tests" / "requirements.txt"
        self.folder = root / ".venv"
        self.bin = self.folder / "bin"
        self.python = self.bin / "python"
        self._command = self.bin / "switchyard"
        self._stamp = self.folder / "switchyard.stamp"

    def ensure(self) -> None:
        """Return with a complete environment; without any work when the stamp is right."""
        if self._is_right():
            return
        lock = FileLock(self._root / ".local" / "venv.lock")
        try:
            lock.acquire()
        except LockedError:
            print("Waiting for another ./dev that installs ...", flush=True)
            lock.acquire(wait_s=_INSTALL_WITHIN_S)
        try:
            if not self._is_right():
                self._complete()
        finally:
            lock.release()

    def _is_right(self) -> bool:
        return self._stamped() == self._wanted(self._python_version()) and self._command.exists()

    def _wanted(self, version: str) -> str:
        """Return the stamp of an environment that is right, were it made by this version of Python."""
        digest = hashlib.sha256(self._requirements.read_bytes()).hexdigest()
        return f"python {version}\nfolder {self.folder}\nlock {digest}\n"

    def _stamped(self) -> str:
        try:
            return self._stamp.read_text()
        except OSError:
            return ""

    def _complete(self) -> None:
        print(
            f"Installing {self._requirements.relative_to(self._root)} into .venv (once, some minutes) ...", flush=True
        )
        if not self._is_usable():
            self._make()
        self._stamp.write_text(_UNFINISHED)
        install(self._requirements, python=self.python)
        version = self._python_version()
        packages = self.folder / "lib" / f"python{version}" / "site-packages"
        (packages / "switchyard.pth").write_bytes(os.fsencode(self._root) + b"\n")
        self._command.write_text(_COMMAND)
        self._command.chmod(0o755)
        self._stamp.write_text(self._wanted(version))

    def _is_usable(self) -> bool:
        """Whether pip can bring it up to date: no interrupted install, not moved, a Python that is young enough."""
        version = self._python_version()
        if not version or tuple(map(int, version.split("."))) < LEAST_PYTHON or self._stamped() == _UNFINISHED:
            return False
        try:
            shebang = (self.bin / "pip").read_text().split("\nimport", 1)[0]
        except OSError:
            return False
        stamped_here = f"folder {self.folder}\n" in self._stamped() or not self._stamped()
        return stamped_here and f"{self.bin}/" in shebang

    def _make(self) -> None:
        if importlib.util.find_spec("ensurepip") is None:
            name = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
            raise DevError(f"this Python cannot make virtual environments: install its package {name}, then again")
        command = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
        made = subprocess.run(command, env=own_environment(), check=False)
        if made.returncode != 0:
            raise DevError(f"no environment could be made (status {made.returncode}): see the lines above")

    def _python_version(self) -> str:
        """Such as `3.11`; empty when the environment's Python is gone or does not start."""
        ask = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            done = subprocess.run([self.python, "-I", "-S", "-c", ask], capture_output=True, text=True, check=False)
        except OSError:
            return ""
        return done.stdout.strip()
