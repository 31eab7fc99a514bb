"""A process that a fork server has started, in the words of asyncio's own."""

import asyncio
import atexit
import json
import os
import socket
import subprocess
import sys
from asyncio import StreamReader
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

from tests.support.fork_server import PROGRAMS, Request

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRON = {**os.environ, "PYTHONUNBUFFERED": "1"}  # the server's; what tests set is not in it

# What an interpreter looks at when it starts, or the C library: a program has to start by itself that is to see others.
_EARLY = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_", "GLIBC_")


def can_fork(command: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Say whether a program is one that a fork server starts, with these variables.

    Under pytest alone, as a benchmark measures whole processes; and where the system is known to fork well.
    """
    return (
        sys.platform == "linux"
        and "PYTEST_VERSION" in os.environ
        and tuple(command[:2]) == (sys.executable, "-m")
        and command[2] in PROGRAMS
        and _early(environ) == _early(_ENVIRON)
    )


def _early(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_EARLY)}


class Forked:
    """A process; what it has in common with `asyncio.subprocess.Process` means the same."""

    def __init__(self, pid: int, stdout: StreamReader, told: StreamReader) -> None:
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ending = asyncio.create_task(self._end(told))

    @classmethod
    async def start(cls, command: Sequence[str], environ: Mapping[str, str]) -> Self:
        """Start a program of which `can_fork` says that it can."""
        stdout, output = await _pipe()
        told, teller = await _pipe()
        request = Request(program=command[2], arguments=command[3:], environ=environ)
        _server().ask(request, output, teller)
        os.close(output)
        os.close(teller)
        pid = await told.readline()
        if not pid:
            raise RuntimeError(f"the fork server has ended:\n{_server().last_words()}")
        return cls(int(pid), stdout, told)

    def send_signal(self, number: int) -> None:
        """Send it a signal, where it is still there."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end; give its status: of a signal, the negative number."""
        return await asyncio.shield(self._ending)

    async def _end(self, told: StreamReader) -> int:
        self.returncode = int(await told.readline())
        return self.returncode


async def _pipe() -> tuple[StreamReader, int]:
    """Give what reads a new pipe, and the end to be written to."""
    read, write = os.pipe()
    reader = StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb", buffering=0)
    )
    return reader, write


class _Server:
    """A fork server of this process, which ends with it."""

    def __init__(self) -> None:
        self._requests, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(its.fileno())],
                cwd=_ROOT,
                env=_ENVIRON,
                pass_fds=[its.fileno()],
                stdout=subprocess.PIPE,  # as its children have it: Python looks at its start at what it writes to
                stderr=subprocess.STDOUT,
            )
        atexit.register(self._end)

    def ask(self, request: Request, *files: int) -> None:
        """Have a program started."""
        socket.send_fds(self._requests, [json.dumps(request).encode()], files)

    def last_words(self) -> str:
        """Give what it has written, once it has ended."""
        return self._process.communicate()[0].decode(errors="replace")

    def _end(self) -> None:
        self._requests.close()
        self._process.communicate()


@cache
def _server() -> _Server:
    return _Server()
