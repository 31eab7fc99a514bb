"""A held process whose output goes to a log file; not what it serves nor when it is ready."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.leash import leash

LOG_LIMIT_BYTES = 10_000_000
LOG_TAIL_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start a program: its command, its environment, and the ids it changes to (none: ours)."""

    command: list[str]
    env: Mapping[str, str]
    user: int | None = None
    group: int | None = None


class Daemon:
    """A program from `start()` on; `end()` may be called when it has ended already."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The id of the process; `RuntimeError` before `start()` and after `end()`."""
        if self._process is None:
            raise RuntimeError(f"no process writes {self.log.name}")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended, in whatever way."""
        return self._process is not None and self._process.poll() is None

    def start(self, launch: Launch, *, ending: signal.Signals, scratch: Path, lock_fd: int) -> None:
        """Start it in a session of its own, since Ctrl-C is for us; `ending` and `scratch`: see the leash.

        It inherits `lock_fd`, so that its data stay locked until its last process is gone.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".1.log"))
        with self.log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                leash().held(launch.command, ending=ending, scratch=scratch),
                env=launch.env,
                user=launch.user,
                group=launch.group,
                extra_groups=None if launch.user is None else [],
                cwd="/",
                stdin=leash().fd,
                stdout=output,
                stderr=output,
                pass_fds=[lock_fd],
                start_new_session=True,
            )

    def end(self, how: signal.Signals, *, within_s: float) -> None:
        """Send the signal and wait; SIGKILL to its whole group when it takes longer."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(how)
            self._process.send_signal(signal.SIGCONT)  # a stopped process would keep the first one pending
        try:
            self._process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        leash().forget(self._process.pid)
        self._process = None

    def tail(self) -> str:
        """Return the last lines that it wrote since its start, and where the others are."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in [*lines[-LOG_TAIL_LINES:], f"({self.log})"])
