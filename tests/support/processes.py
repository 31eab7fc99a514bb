"""Real processes of a site: a web server and workers that a test can signal, kill and listen to."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from tests.support.forked import Forked, can_fork
from tests.support.site import ADMIN_KEY

ROOT = Path(__file__).resolve().parents[2]
WORKER = (sys.executable, "-m", "jobs", "worker", "--with-steward")
WEB = (
    *(sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--host", "127.0.0.1"),
    *("--no-access-log", "--no-proxy-headers", "--http", "app.lingering:LingeringProtocol"),
    *("--timeout-keep-alive", "100", "--timeout-graceful-shutdown", "25"),
)

_START_S = 60.0
_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:\d+)")


class Running:
    """A process that was started. What it writes is in `lines`."""

    def __init__(self, process: Process | Forked) -> None:
        if process.stdout is None:
            raise ValueError("its output must be a pipe")
        self._process = process
        self._stdout = process.stdout
        self._news = asyncio.Condition()
        self._closed = False
        self.lines: list[str] = []
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    @property
    def status(self) -> int | None:
        """Its status once it has ended: of a signal, the negative number."""
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def says(self, pattern: str | re.Pattern[str], *, within_s: float = _START_S) -> re.Match[str]:
        """Wait for a line that has the pattern in it; AssertionError with all lines where none comes in time."""
        seen = 0
        try:
            async with asyncio.timeout(within_s), self._news:
                while True:
                    for line in self.lines[seen:]:
                        if found := re.search(pattern, line):
                            return found
                    seen = len(self.lines)
                    if self._closed:
                        break
                    await self._news.wait()
        except TimeoutError:
            pass
        raise AssertionError(f"no line with {pattern!r} within {within_s:g} s:\n" + "\n".join(self.lines))

    async def ends(self, *, within_s: float) -> int:
        """Wait for its end; give its status."""
        try:
            async with asyncio.timeout(within_s):
                status = await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"still there after {within_s:g} s:\n" + "\n".join(self.lines)) from None
        await self._reader
        return status

    async def kill(self) -> None:
        """Kill it and all that it started, as a crash of its container would, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        while line := await self._stdout.readline():
            async with self._news:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._news.notify_all()
        async with self._news:
            self._closed = True
            self._news.notify_all()


@asynccontextmanager
async def started(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    files: Sequence[int] = (),
    stdin: int | None = None,
    tree: Path = ROOT,
) -> AsyncIterator[Running]:
    """Start a program with these variables beside ours; it is killed at the end where it still runs.

    It keeps the open `files`, under the same numbers, and reads `stdin`, else what we read. Where it is Python's, it
    has the packages of `tree`.
    """
    variables = {**os.environ, "PYTHONUNBUFFERED": "1", **environ}
    process: Process | Forked
    if tree == ROOT and stdin is None and not files and can_fork(command, variables):
        process = await Forked.start(command, variables)
    else:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=tree,
            env=variables,
            stdin=stdin,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            pass_fds=files,
        )
    running = Running(process)
    try:
        yield running
    finally:
        await running.kill()


@asynccontextmanager
async def worker_process(
    environ: Mapping[str, str], queues: str = "data_sync:4", *, tree: Path = ROOT
) -> AsyncIterator[Running]:
    """Start a worker; it takes jobs when the context is entered."""
    async with started((*WORKER, "--queues", queues), environ, tree=tree) as worker:
        await worker.says("worker_started")
        yield worker


def protocol_of(tree: Path) -> tuple[str, ...]:
    """Give by which options a release has its web processes speak HTTP: none of one from before there were any."""
    return ("--http", "app.lingering:LingeringProtocol") if (tree / "app/lingering.py").exists() else ()


@asynccontextmanager
async def web_process(
    environ: Mapping[str, str], *, wrap: Sequence[str] = (), port: int = 0, tree: Path = ROOT
) -> AsyncIterator[tuple[Running, httpx.AsyncClient]]:
    """Start a web server behind the command `wrap`, 0 is any free port; give it and a client of the admin's."""
    async with started((*wrap, *WEB, *protocol_of(tree), "--port", str(port)), environ, tree=tree) as web:
        url = (await web.says(_LISTENS))[1]
        async with httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=30, trust_env=False
        ) as client:
            yield web, client
