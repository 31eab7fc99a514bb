"""The leash: what this process starts ends with it, even when it is killed by SIGKILL; it restarts nothing.

A keeper in a session of its own reads a pipe. The writing ends are here and, until they exec, in the children,
which first write down their own process id: end of file means that the owner is gone and that every child is
known. PR_SET_PDEATHSIG does less: it follows the thread that forked, it forgets grandchildren, Linux alone has it.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

GRACE_S = 10.0

_REPORT_THEN_EXEC = 'printf "+ %s %s\\n" "$$" "$1" >&0; shift; exec "$@" </dev/null'


class Leash:
    """One keeper and the processes that it holds; `owner` is the process that it watches."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        reading, self._writing = os.pipe()
        # -I -S: neither the user's Python settings nor this folder's module names may reach the keeper
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._let_go)

    @property
    def fd(self) -> int:
        """What a held process must be given as its standard input."""
        return self._writing

    def held(
        self, command: Sequence[str], *, ending: signal.Signals = signal.SIGKILL, scratch: Path | None = None
    ) -> list[str]:
        """`command` as one that reports itself first; it must lead a process group and have `fd` as its stdin.

        When the owner dies its group gets `ending`, SIGKILL 10 s later, and `scratch` is removed.
        """
        report = f"{int(ending)} {scratch or ''}"
        return ["/bin/sh", "-c", _REPORT_THEN_EXEC, "sh", report, *command]

    def forget(self, pid: int) -> None:
        """Hold it no longer: it has ended and was waited for, its id may be anybody's now."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writing, f"- {pid}\n".encode())

    def close(self) -> None:
        """End whatever is still held, as if the owner had died; not to be used afterwards."""
        if os.getpid() == self.owner and self._writing >= 0:
            self._let_go()
            self._keeper.wait()

    def _let_go(self) -> None:
        """Close the pipe; in a forked child too, which would otherwise count as the owner."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1


_leashes: list[Leash] = []


def leash() -> Leash:
    """Return the leash of this process, made at the first call."""
    if not _leashes or _leashes[-1].owner != os.getpid():
        _leashes.append(Leash())
    return _leashes[-1]


def _keep(reports: Iterable[str]) -> None:
    """Follow the reports to their end, then end what is still held."""
    held: dict[int, tuple[int, str]] = {}
    for report in reports:
        verb, pid, *rest = report.split()
        if verb == "+":
            held[int(pid)] = (int(rest[0]), "".join(rest[1:]))
        else:
            held.pop(int(pid), None)
    for leader, (ending, _) in held.items():
        _signal_group(leader, ending)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(map(_runs, held)):
        time.sleep(0.02)
    for leader, (_, scratch) in held.items():
        _signal_group(leader, signal.SIGKILL)
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def _signal_group(leader: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _runs(pid: int) -> bool:
    """Whether it has not ended; in a container nobody may wait for it, so that it stays as a zombie."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except OSError:  # no /proc here
        return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # only the end of the pipe ends the keeper
    _keep(sys.stdin)
