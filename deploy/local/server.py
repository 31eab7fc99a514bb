"""What our two servers have in common: one private socket, locked data, a start that ends with an answer."""

import contextlib
import secrets
import shutil
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.local.daemon import Daemon, Launch
from deploy.local.errors import DevError
from deploy.local.locks import FileLock, LockedError

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 30.0
LOCK_WAIT_S = 12.0  # longer than the leash takes to end the servers of a run that was killed


class Server(ABC):
    """A server whose data lie under `directory`, reached by a socket in a private folder under /tmp.

    `durable=False` is for tests: faster, and a crash of the machine may lose what it holds.
    `url` stays the same over all starts of one object. Also a context manager: started, then stopped.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, directory: Path, *, durable: bool, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.directory = Path(directory).absolute()
        self.durable = durable
        # a socket's path may have 103 bytes on macOS, and the tree may be where other users cannot look
        self.socket_dir = Path(f"/tmp/switchyard-{secrets.token_hex(4)}")  # noqa: S108 - made by us, mode 700
        self._lock_wait_s = lock_wait_s
        self._lock: FileLock | None = None
        self._daemon = Daemon(self.directory / "log" / f"{self.name}.log")

    @property
    @abstractmethod
    def url(self) -> str:
        """What a client is given."""

    @abstractmethod
    def _engine(self) -> str:
        """Find the binaries; the answer is their name and major version."""

    @abstractmethod
    def _prepare(self, engine: str) -> Launch:
        """Make what must be there before the start; the data are locked and may not exist yet."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client would be served now."""

    @property
    def pid(self) -> int:
        """The id of the server; `RuntimeError` when it was not started."""
        return self._daemon.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended, in whatever way."""
        return self._daemon.running

    def start(self) -> None:
        """Return when it answers; `DevError` when it does not, or when another run has its data."""
        if self.running:
            return
        self.stop()
        engine = self._engine()
        self._lock = self._locked(engine)
        try:
            self.socket_dir.mkdir(mode=0o700)
            launch = self._prepare(engine)
            self._daemon.start(launch, ending=self.stop_signal, scratch=self.socket_dir, lock_fd=self._lock.fd)
            self._await_answer()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End it in the orderly way, by force after 30 s; nothing happens when it does not run."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it by SIGKILL, as a crash would."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _locked(self, engine: str) -> FileLock:
        lock = FileLock(self.directory / f"{engine}.lock")
        try:
            lock.acquire(wait_s=self._lock_wait_s)
        except LockedError:
            raise DevError(f"a server is already running on {self.directory / engine}: stop it first") from None
        return lock

    def _await_answer(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if not self.running:
                raise DevError(f"{self.name} ended while it started:\n{self._daemon.tail()}")
            if time.monotonic() > deadline:
                raise DevError(f"{self.name} gave no answer in {READY_WITHIN_S:g} s:\n{self._daemon.tail()}")
            time.sleep(0.02)

    def _end(self, how: signal.Signals) -> None:
        """End the process, then wait for its own children: they hold the lock that they inherited."""
        self._daemon.end(how, within_s=STOP_WITHIN_S)
        if self._lock is not None:
            self._lock.release()
            with contextlib.suppress(LockedError):
                self._lock.acquire(wait_s=LOCK_WAIT_S)
                self._lock.release()
            self._lock = None
            shutil.rmtree(self.socket_dir, ignore_errors=True)
