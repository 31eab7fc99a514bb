"""The gates and the other tools of a developer, run from the environment; what they check is in pyproject.toml."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.venv import Venv

_GATES = (
    ("ruff", "check", ".", "dev"),
    ("ruff", "format", "--check", ".", "dev"),
    ("mypy",),
    ("lint-imports", "--no-logo"),
)
# Most tests wait for processes most of the time: two cores are busy with five. Who has done his part helps the others.
_PARALLEL = ("-n", "5", "--dist", "worksteal")
_COMPILE = (
    *("uv", "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)
_LOCKS = (
    ("pyproject.toml", "-o", "requirements.txt"),
    ("--extra", "dev", "-c", "requirements.txt", "pyproject.toml", "-o", "tests/requirements.txt"),
)


class Tools:
    """The programs of the environment, started at the tree's root."""

    def __init__(self, root: Path, venv: Venv) -> None:
        self._root = root
        self._venv = venv

    def lint(self) -> int:
        """Run every gate; the status of the first that failed, else 0."""
        statuses = [self._step(gate) for gate in _GATES]
        return next((status for status in statuses if status != 0), 0)

    def test(self, arguments: Sequence[str]) -> int:
        """Gates and all tests, the first failure ends it; with arguments: pytest alone, with these."""
        if arguments:
            return self._become("python", "-m", "pytest", *arguments)
        if status := self.lint():
            return status
        print("== pytest", flush=True)
        return self._become("python", "-m", "pytest", *_PARALLEL)

    def lock(self, arguments: Sequence[str]) -> int:
        """Write both locks; the second keeps to the versions of the first."""
        for lock in _LOCKS:
            if status := self._step((*_COMPILE, *arguments, *lock)):
                return status
        return 0

    def openapi(self) -> int:
        """Write the OpenAPI document anew."""
        return self._become("python", "-m", "app.openapi")

    def demo(self, arguments: Sequence[str]) -> int:
        """Load the demonstration files into the running site."""
        return self._become("python", "-m", "deploy.demo", *arguments)

    def bench(self, names: Sequence[str]) -> int:
        """Run the benchmarks of these names, all when there are none."""
        return self._become("python", "-m", "benchmarks", *names)

    def soak(self, names: Sequence[str]) -> int:
        """Run the endurance tests of these names at full size, all when there are none."""
        return self._become("python", "-m", "benchmarks.soak", *names)

    def _step(self, command: Sequence[str]) -> int:
        print(f"== {' '.join(command)}", flush=True)
        started = time.monotonic()
        status = subprocess.run(self._of_venv(command), cwd=self._root, check=False).returncode
        print(f"   {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - started:.1f} s", flush=True)
        return status

    def _become(self, *command: str) -> int:
        """Go on as that program, so that signals and the terminal are its own."""
        os.chdir(self._root)
        program, *arguments = self._of_venv(command)
        os.execv(program, [program, *arguments])  # noqa: S606 - there is no shell to want here

    def _of_venv(self, command: Sequence[str]) -> list[str]:
        return [str(self._venv.bin / command[0]), *command[1:]]
