"""An exclusive lock on a file that ends with its holders, however they end; not a lock between threads."""

import fcntl
import os
import time
from pathlib import Path

from deploy.local.errors import DevError


class LockedError(DevError):
    """Somebody else holds the lock."""


class FileLock:
    """`flock` on `path`, held from `acquire()` to `release()`.

    A child that inherits `fd` holds the lock too: it is free only when the last holder is gone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        """The open descriptor, to be handed to a child; only while the lock is held."""
        if self._fd is None:
            raise RuntimeError(f"{self._path} is not locked")
        return self._fd

    def acquire(self, *, wait_s: float = 0.0) -> None:
        """Take the lock, raise `LockedError` when it is not free within `wait_s`."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + wait_s
        while not _try_lock(fd):
            if time.monotonic() >= deadline:
                os.close(fd)
                raise LockedError(f"{self._path} is locked by another process")
            time.sleep(0.02)
        self._fd = fd

    def release(self) -> None:
        """Give up our hold; nothing happens when there is none."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
