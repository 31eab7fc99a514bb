"""The supervisor with real processes: what dies starts again, what is stopped is gone with all its descendants."""

import asyncio
import io
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from deploy.local.backoff import Backoff
from deploy.local.errors import DevError
from deploy.local.output import Output
from deploy.local.procfile import read_procfile
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]

# its leader ends on SIGTERM at once, the descendant does not care and holds nothing whose end could be seen
LEAVES_ONE_BEHIND = (
    """sh -c '(trap "" TERM; exec sleep 1000 >/dev/null 2>&1) & echo $! >left;"""
    """ trap "exit 0" TERM; echo $$ >leader; wait'"""
)
IGNORES_SIGTERM = """sh -c 'trap "" TERM; sleep 1000 & echo $! >child; echo $$ >stubborn; wait'"""

SUPERVISE = """
import asyncio, os, sys
from pathlib import Path
from deploy.local.output import Output
from deploy.local.procfile import read_procfile
from deploy.local.supervisor import Supervisor

async def main():
    commands = read_procfile(Path("Procfile"))
    await Supervisor(cwd=Path.cwd(), env=os.environ, output=Output(commands)).run(commands)

asyncio.run(main())
"""


class Supervised:
    """A supervisor of `commands` in the background, and what it has printed."""

    def __init__(self, folder: Path, commands: Mapping[str, str], grace_s: float) -> None:
        self._printed = io.StringIO()
        output = Output(commands, self._printed)
        self.supervisor = Supervisor(cwd=folder, env=os.environ, output=output, grace_s=grace_s)
        self._running = asyncio.create_task(self.supervisor.run(commands))

    @property
    def lines(self) -> list[str]:
        """All lines up to now."""
        return self._printed.getvalue().splitlines()

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the supervisor work until the condition holds."""
        async with asyncio.timeout(20):
            while not condition():
                assert not self._running.done(), self.lines
                await asyncio.sleep(0.02)

    async def stopped(self, within_s: float) -> None:
        """Stop it and wait for its end."""
        self.supervisor.stop()
        async with asyncio.timeout(within_s):
            await self._running


@pytest.fixture
def supervise(tmp_path: Path) -> Callable[..., Supervised]:
    """Start a supervisor in the background."""

    def start(grace_s: float = 10.0, **commands: str) -> Supervised:
        return Supervised(tmp_path, commands, grace_s)

    return start


def written_pids(folder: Path, *names: str) -> list[int]:
    """Return the process ids that were written into these files; none until all are complete."""
    texts = [(folder / name).read_text() if (folder / name).exists() else "" for name in names]
    return [int(text) for text in texts] if all(text.endswith("\n") for text in texts) else []


async def test_a_process_that_dies_starts_again_ever_later(supervise: Callable[..., Supervised]) -> None:
    """The pauses double, and the other process is not disturbed."""
    site = supervise(dying="sh -c 'echo up; exit 7'", lasting="sh -c 'echo once; exec sleep 1000'")
    await site.until(lambda: site.lines.count("dying   | up") == 3)
    await site.stopped(within_s=5)
    assert "dying   | ended (status 7), starts again in 0.5 s" in site.lines
    assert "dying   | ended (status 7), starts again in 1 s" in site.lines
    assert site.lines.count("lasting | once") == 1


async def test_stop_ends_descendants_whose_leader_is_gone(
    supervise: Callable[..., Supervised], tmp_path: Path, is_running: Callable[[int], bool]
) -> None:
    """Nobody waits for the grace of a process that has ended, and nothing of its group stays."""
    site = supervise(web=LEAVES_ONE_BEHIND)
    await site.until(lambda: written_pids(tmp_path, "left", "leader"))
    pids = written_pids(tmp_path, "left", "leader")
    await site.stopped(within_s=5)
    assert not any(map(is_running, pids))


async def test_stop_kills_what_ignores_it_after_the_grace(
    supervise: Callable[..., Supervised], tmp_path: Path, is_running: Callable[[int], bool]
) -> None:
    """SIGKILL reaches the whole group."""
    site = supervise(grace_s=0.5, web=IGNORES_SIGTERM)
    await site.until(lambda: written_pids(tmp_path, "child", "stubborn"))
    pids = written_pids(tmp_path, "child", "stubborn")
    await site.stopped(within_s=5)
    assert not any(map(is_running, pids))


async def test_a_second_stop_does_not_wait_for_the_grace(supervise: Callable[..., Supervised], tmp_path: Path) -> None:
    """Whoever presses Ctrl-C twice is in a hurry."""
    site = supervise(grace_s=1000, web=IGNORES_SIGTERM)
    await site.until(lambda: written_pids(tmp_path, "child", "stubborn"))
    site.supervisor.stop()
    await site.until(lambda: any("Stopping" in line for line in site.lines))
    await site.stopped(within_s=5)


async def test_stop_does_not_wait_for_a_pause_to_end(supervise: Callable[..., Supervised]) -> None:
    """A process that is down stays down."""
    site = supervise(web="false")
    await site.until(lambda: any("again in 1 s" in line for line in site.lines))
    await site.stopped(within_s=0.5)


async def test_lines_come_out_whole_however_long(supervise: Callable[..., Supervised]) -> None:
    """A line longer than any buffer, one without an end, and one that is no UTF-8."""
    program = "import os; os.write(1, b'x' * 300_000 + b'\\n\\xff\\nno end')"
    site = supervise(talker=f'{shlex.quote(sys.executable)} -c "{program}"')
    await site.until(lambda: any("ended" in line for line in site.lines))
    await site.stopped(within_s=5)
    assert site.lines[:3] == [f"talker | {'x' * 300_000}", "talker | \N{REPLACEMENT CHARACTER}", "talker | no end"]


async def test_one_command_is_run_to_its_end(tmp_path: Path) -> None:
    """The release step's status is that of its command."""
    supervisor = Supervisor(cwd=tmp_path, env=os.environ, output=Output([], io.StringIO()))
    assert await supervisor.run_once("release", "sh -c 'exit 3'") == 3


def test_sigkill_of_the_supervisor_leaves_nothing(
    tmp_path: Path, eventually: Callable[..., None], is_running: Callable[[int], bool]
) -> None:
    """The leash ends the groups of a supervisor that could not."""
    (tmp_path / "Procfile").write_text(f"one: {LEAVES_ONE_BEHIND}\n\n# comment\ntwo: {IGNORES_SIGTERM}\n")
    command = [sys.executable, "-c", SUPERVISE]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}) as supervisor:
        eventually(lambda: written_pids(tmp_path, "left", "leader", "child", "stubborn"))
        pids = written_pids(tmp_path, "left", "leader", "child", "stubborn")
        supervisor.send_signal(signal.SIGKILL)
        supervisor.wait()
    eventually(lambda: not any(map(is_running, pids)), within_s=10)


def test_the_pause_has_a_longest_and_begins_anew() -> None:
    """0.5 s doubled up to 10 s; half a minute of life forgives all."""
    backoff = Backoff()
    assert [backoff.after(1) for _ in range(7)] == [0.5, 1, 2, 4, 8, 10, 10]
    assert backoff.after(30) == 0.5


@pytest.mark.parametrize("text", ["web uvicorn\n", "web: one\nweb: two\n", "web:\n"])
def test_a_procfile_with_a_mistake_is_refused(text: str, tmp_path: Path) -> None:
    """The message has the line's number."""
    (tmp_path / "Procfile").write_text(text)
    with pytest.raises(DevError, match=r"line [12]"):
        read_procfile(tmp_path / "Procfile")
