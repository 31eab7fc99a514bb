"""The command as a program: on a terminal, interrupted, completed by a shell."""

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from pathlib import Path
from select import select

import pytest

from app.cli.settings import KEY, URL
from tests.support.conditions import eventually
from tests.support.processes import started
from tests.support.site import ADMIN_KEY
from tests.support.standing import StandingSite

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = (sys.executable, "-m", "app.cli")

_CTRL_C = "\x03"
_AGAIN_S = 5.0


def environ_of(standing: StandingSite) -> dict[str, str]:
    """Give the variables by which a process finds the site."""
    return {URL: standing.url, KEY: ADMIN_KEY, "HOME": str(standing.home)}


async def test_bars_move_on_a_terminal(standing: StandingSite, tmp_path: Path) -> None:
    """For a batch, and for those of its jobs that run; afterwards the cursor is there again."""
    lines = tmp_path / "lines"
    lines.write_text('{"steps": 4, "seconds": 8}\n' * 2, encoding="utf-8")
    watch = ("batch", str(lines), "--task", "diag.progress", "--name", "bars", "--watch")
    status, screen = await on_terminal(standing, *watch)
    assert status == 0
    assert "batch bars" in screen
    assert "0/2" in screen
    assert "2/4" in screen
    assert "\N{BOX DRAWINGS HEAVY HORIZONTAL}" in screen
    assert screen.rindex("\x1b[?25h") > screen.rindex("\x1b[?25l")


@pytest.mark.parametrize(
    ("typed", "status", "shown"),
    [("n\n", 130, "nothing was done"), ("y\n", 0, "shops is cleared"), ("\x03", 130, "^C")],
)
async def test_what_cannot_be_undone_is_asked_first(
    standing: StandingSite, typed: str, status: int, shown: str
) -> None:
    """By yes or no; Ctrl-C is no."""
    ended, screen = await on_terminal(standing, "cache", "clear", "shops", typed=typed)
    assert ended == status, screen
    assert "Clear all cached values of shops?" in screen
    assert shown in screen
    assert "Traceback" not in screen


async def test_a_password_that_is_asked_for_is_not_shown(standing: StandingSite) -> None:
    """Ctrl-C ends that question as it ends any other."""
    ended, screen = await on_terminal(standing, "users", "add", "terminal-ann", typed="a-secret-of-hers\n\x03")
    assert ended == 130, screen
    assert "Password" in screen
    assert "a-secret" not in screen


async def test_an_interrupted_watch_leaves_the_job_running(standing: StandingSite) -> None:
    """And says how to go on."""
    submit = (*COMMAND, "submit", "diag.sleep", "seconds:=30", "--watch")
    async with started(submit, environ_of(standing)) as command:
        job_id = (await command.says(r"(\w{32})  running"))[1]
        command.send(signal.SIGINT)
        assert await command.ends(within_s=20) == 130
        assert f"not stopped. To go on watching: switchyard watch {job_id}" in "\n".join(command.lines)
        assert not [line for line in command.lines if "Traceback" in line]
    shown = await standing.command("show", job_id, "--json")
    assert shown.object["state"] == "running"

    async def is_stopped() -> bool:
        # A busy worker may take longer than a command waits for it; who asks again is told how it ended.
        return bool((await standing.command("cancel", job_id, "--json")).object["outcome"] == "stopped")

    await eventually(is_stopped)


async def test_a_shell_completes_commands_and_options() -> None:
    """By click's own means; the README says how a shell is told."""
    asked = {"_SWITCHYARD_COMPLETE": "bash_complete", "COMP_WORDS": "switchyard sub", "COMP_CWORD": "1"}
    async with started(COMMAND, asked) as command:
        assert await command.ends(within_s=20) == 0
        assert command.lines == ["plain,submit"]


async def test_without_a_site_it_is_said_how_to_name_one(standing: StandingSite, unused_tcp_port: int) -> None:
    """And that none answers where none does."""
    environ = {**environ_of(standing), URL: f"http://127.0.0.1:{unused_tcp_port}"}
    async with started((*COMMAND, "queues"), environ) as command:

        async def is_trying() -> bool:
            return any("trying again in" in line for line in command.lines)

        await eventually(is_trying, within_s=20)
        command.send(signal.SIGINT)
        assert await command.ends(within_s=20) == 130


async def on_terminal(standing: StandingSite, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run a command on a terminal; `typed` is entered once something is asked. Give its status, and what was seen."""
    mine, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(*COMMAND, *arguments),
        env={**os.environ, **environ_of(standing), "TERM": "xterm-256color", "COLUMNS": "120"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=_leading,
    )
    os.close(theirs)
    screen = await asyncio.to_thread(_read, mine, typed.splitlines(keepends=True))
    return await process.wait(), screen


def _leading() -> None:
    """Lead a session of one's own, whose terminal sends the signals that are typed: Popen can only do the former."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read(descriptor: int, answers: list[str]) -> str:
    """Read a terminal until nobody writes to it any more; each question that ends with a colon has its answer.

    Ctrl-C is typed again where nothing comes of it, as people do: Python misses one in the moment before it waits.
    """
    read, last = bytearray(), ""
    try:
        while True:
            if last == _CTRL_C and not select([descriptor], [], [], _AGAIN_S)[0]:
                os.write(descriptor, last.encode())
            if not (some := os.read(descriptor, 65_536)):
                break
            read += some
            if answers and read.endswith(b": "):
                last = answers.pop(0)
                os.write(descriptor, last.encode())
    except OSError:  # how Linux says so
        pass
    os.close(descriptor)
    return read.decode(errors="replace")
