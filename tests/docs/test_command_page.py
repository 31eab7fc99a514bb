"""What app/docs/guide/command.md says of commands and shells is so; tests/docs/test_guide.py runs its commands."""

import os
import re
import sys
from pathlib import Path

import pytest

from app.cli.root import COMMANDS, HELP
from app.cli.statuses import Status
from app.client import Client
from tests.support.pages import page
from tests.support.processes import started

PAGE = page("app/docs/guide/command.md")


async def test_a_shell_completes_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the line that the page gives, in a bash that has the command on its PATH."""
    (line,) = re.findall(r"^(eval .*)$", PAGE, re.MULTILINE)
    bin_folder = Path(sys.executable).parent
    if not (bin_folder / "switchyard").exists():
        pytest.skip("this environment was not made by ./dev, and has no program switchyard")
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    async with started(("bash", "-c", f"{line}\ncomplete -p switchyard"), {}) as shell:
        assert await shell.ends(within_s=20) == 0
        assert shell.lines == ["complete -o nosort -F _switchyard_completion switchyard"]


def test_all_commands_are_named() -> None:
    """In the table of what there is, each once."""
    part = PAGE.partition("## What there is\n")[2].partition("Each says")[0]
    assert sorted(re.findall(r"`([a-z]+)`", part)) == sorted(COMMANDS)


def test_all_resources_are_named() -> None:
    """Those of the client, on its page."""
    (listed,) = re.findall(r"`client` has (.*?): a method", page("app/docs/guide/client.md"), re.DOTALL)
    assert re.findall(r"`([a-z_]+)`", listed) == [name for name in vars(Client("http://site")) if name[0] != "_"]


def test_all_statuses_are_told() -> None:
    """With what they mean, on the page and by --help."""
    part = PAGE.partition("## Exit status\n")[2].partition("\n## ")[0]
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", part, re.MULTILINE)] == [*Status]
    assert [int(number) for number in re.findall(r"(\d+) [A-Za-z]", HELP.partition("Exit status: ")[2])] == [*Status]
