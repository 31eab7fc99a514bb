"""Passwords: hashed and checked by argon2, in a few threads of their own, so that a flood of logins takes no more."""

import asyncio
import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import BusyError

SHORTEST = 10
LONGEST = 256

_THREADS = max(1, (os.cpu_count() or 2) // 2)
_MOST_WAITING = 50

Outcome = TypeVar("Outcome")


class Passwords:
    """All calls raise BusyError where too many wait already."""

    def __init__(self) -> None:
        # 19 MiB and two passes in one lane, as OWASP has it: some 20 ms.
        self._argon2 = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Give what is kept of a password."""
        return await self._run(lambda: self._argon2.hash(password))

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Say whether a password is the one that was hashed.

        None is of nobody: it takes as long and is never right, so that nobody learns who there is.
        """
        return await self._run(lambda: self._check(password, hashed))

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _check(self, password: str, hashed: str | None) -> bool:
        if self._nobodys is None:
            self._nobodys = self._argon2.hash(secrets.token_hex())
        try:
            self._argon2.verify(hashed or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _run(self, work: Callable[[], Outcome]) -> Outcome:
        if self._waiting >= _MOST_WAITING:
            raise BusyError("too many passwords are being checked at this moment; try again soon")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
