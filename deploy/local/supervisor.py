"""Keeps processes running until it is told to stop; what they are and what they need is given."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local.backoff import Backoff
from deploy.local.child import Child
from deploy.local.output import Output

GRACE_S = 30.0


class Supervisor:
    """Runs shell commands at `cwd` with `env`.

    `stop()` asks what runs to end: SIGTERM, SIGKILL after `grace_s`; asked again, it kills at once.
    """

    def __init__(self, *, cwd: Path, env: Mapping[str, str], output: Output, grace_s: float = GRACE_S) -> None:
        self._cwd = cwd
        self._env = env
        self._output = output
        self._grace_s = grace_s
        self._stopping = asyncio.Event()
        self._killing = asyncio.Event()

    def stop(self) -> None:
        """See the class; safe to call from a signal handler of the event loop."""
        if self._stopping.is_set():
            self._killing.set()
        self._stopping.set()

    async def stopped_within(self, timeout_s: float) -> bool:
        """Sleep until `stop()` is called, at most `timeout_s`; whether it was."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), timeout_s)
        return self._stopping.is_set()

    async def run_once(self, name: str, line: str) -> int:
        """Run one command to its end, whichever comes: its own or the one that `stop()` asks for."""
        child = self._child(name, line)
        running = asyncio.create_task(child.run())
        await self._see_out(running, [child])
        return await running

    async def run(self, commands: Mapping[str, str]) -> None:
        """Keep the commands (line by name) running; return when `stop()` was called and nothing is left of them."""
        children = [self._child(name, line) for name, line in commands.items()]
        keeping = asyncio.gather(*map(self._keep, children))
        await self._see_out(keeping, children)
        await keeping

    def _child(self, name: str, line: str) -> Child:
        return Child(name, line, cwd=self._cwd, env=self._env, output=self._output)

    async def _keep(self, child: Child) -> None:
        backoff = Backoff()
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await child.run()
            if self._stopping.is_set():
                return
            delay_s = backoff.after(time.monotonic() - started)
            self._output.line(child.name, f"ended ({describe(status)}), starts again in {delay_s:g} s")
            await self.stopped_within(delay_s)

    async def _see_out(self, work: asyncio.Future[Any], children: Sequence[Child]) -> None:
        """Return when the work has ended or, since we were told to stop, is about to."""
        if await self._ended_before(work, self._stopping, None):
            return
        self._output.say(f"Stopping, up to {self._grace_s:g} s of grace (Ctrl-C again: none) ...")
        for child in children:
            child.tell(signal.SIGTERM)
        if await self._ended_before(work, self._killing, self._grace_s):
            return
        self._output.say("Killing what has not ended by now.")
        for child in children:
            child.tell(signal.SIGKILL)

    @staticmethod
    async def _ended_before(work: asyncio.Future[Any], event: asyncio.Event, timeout_s: float | None) -> bool:
        waiting = asyncio.create_task(event.wait())
        await asyncio.wait({work, waiting}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        return work.done()


def describe(status: int) -> str:
    """Put a wait status into words: `status 1`, `SIGKILL`."""
    return f"status {status}" if status >= 0 else signal.Signals(-status).name
