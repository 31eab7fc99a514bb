"""One process of the Procfile with all its descendants: one run of it, not whether it runs again."""

import asyncio
import os
import signal
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import Mapping
from pathlib import Path

from deploy.local.group import group_runs, signal_group
from deploy.local.leash import leash
from deploy.local.output import Output

_CHUNK_BYTES = 65_536
_LAST_LINES_WITHIN_S = 1.0
_LOOK_S = 0.01
_MOST_LOOKS = 500


class Child:
    """The command `line`, run by the shell in a session of its own; its descendants are its process group."""

    def __init__(self, name: str, line: str, *, cwd: Path, env: Mapping[str, str], output: Output) -> None:
        self.name = name
        self._line = line
        self._cwd = cwd
        self._env = env
        self._output = output
        self._pid: int | None = None
        self._order: signal.Signals | None = None

    async def run(self) -> int:
        """Start it and return its status when it has ended and none of its group is left."""
        reading, writing = os.pipe()
        try:
            process = await self._start(writing)
        finally:
            os.close(writing)
        copying = asyncio.create_task(self._copy(reading))
        status = await process.wait()
        await self._end_group()
        self._pid = None
        leash().forget(process.pid)
        # a descendant that left the group may hold the pipe for as long as it likes
        await asyncio.wait({copying}, timeout=_LAST_LINES_WITHIN_S)
        copying.cancel()
        await asyncio.wait({copying})
        return status

    def tell(self, number: signal.Signals) -> None:
        """Signal the whole group, now or as soon as it is there."""
        self._order = number
        self._signal_group(number)

    async def _start(self, output_fd: int) -> Process:
        # a pipe of asyncio's own would keep `wait()` from returning while a descendant holds it (python/cpython#119710)
        process = await create_subprocess_exec(
            *leash().held(["/bin/sh", "-c", f"exec {self._line}"]),
            cwd=self._cwd,
            env=self._env,
            stdin=leash().fd,
            stdout=output_fd,
            stderr=output_fd,
            start_new_session=True,
        )
        self._pid = process.pid
        if self._order is not None:
            self._signal_group(self._order)
        return process

    def _signal_group(self, number: signal.Signals) -> None:
        if self._pid is not None:
            signal_group(self._pid, number)

    async def _end_group(self) -> None:
        """Kill what the leader left of its group; the end comes after the signal, and nobody tells us of it."""
        self._signal_group(signal.SIGKILL)
        for _ in range(_MOST_LOOKS):  # one that waits for a disk ends when the disk lets it
            if self._pid is None or not group_runs(self._pid):
                return
            await asyncio.sleep(_LOOK_S)

    async def _copy(self, fd: int) -> None:
        """Print whole lines; `readline` would give up on one that is longer than its buffer."""
        stream = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(stream)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(fd, "rb"))
        rest = b""
        try:
            while chunk := await stream.read(_CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._print(line)
        finally:
            if rest:
                self._print(rest)
            transport.close()

    def _print(self, line: bytes) -> None:
        self._output.line(self.name, line.decode(errors="replace").rstrip("\r"))
