"""PostgreSQL's own programs, as child processes: pg_dump writes a backup, pg_restore lists what is in one."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path

from jobs.errors import JobFailedError
from jobs.tasks.scheduled.errors import BackupFailedError

_ENDS_S = 5.0
_MOST_WORDS = 2_000
# Neither our settings nor anybody else's secrets are the programs' business.
_INHERITED = ("HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "USER")


class Programs:
    """`folder` is where they are, None for PATH. `address` is where the database is, as libpq's variables.

    The password is among those: neither a list of processes nor a log shows it.
    """

    def __init__(self, folder: Path | None, address: Mapping[str, str]) -> None:
        self._folder = folder
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        libpq = {name: value for name, value in os.environ.items() if name.startswith("PG")}
        self._environ = {**inherited, **libpq, **address, "LC_ALL": "C"}

    async def dump(self, into: Path) -> None:
        """Write the whole database, compressed, as one transaction sees it."""
        await self._run("pg_dump", "--format=custom", "--no-password", f"--file={into}")

    async def contents(self, of: Path) -> str:
        """List what is in a backup, a line each."""
        return await self._run("pg_restore", "--list", str(of))

    async def _run(self, name: str, *arguments: str) -> str:
        """Give what a program prints. Raises BackupFailedError with its last words, JobFailedError without a program.

        However this ends, the program has ended before.
        """
        process = await asyncio.create_subprocess_exec(
            self._path_of(name), *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env=self._environ
        )
        try:
            printed, words = await process.communicate()
        finally:
            await _end(process)
        if process.returncode:
            said = words.decode(errors="replace").strip()[-_MOST_WORDS:]
            raise BackupFailedError(said or f"{name} {_how(process.returncode)}, without a word")
        return printed.decode(errors="replace")

    def _path_of(self, name: str) -> str:
        found = shutil.which(name, path=None if self._folder is None else str(self._folder))
        if found is None:
            where = "on PATH" if self._folder is None else f"in {self._folder}, where JOBS_POSTGRES_BIN says it is"
            raise JobFailedError(
                f"there is no {name} {where}: install PostgreSQL's client programs, of the server's version or newer"
            )
        return found


def _how(status: int) -> str:
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"


async def _end(process: Process) -> None:
    """End a program that goes on: it has been asked for nothing any more."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_ENDS_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
