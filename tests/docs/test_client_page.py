"""The commands and the programs in the pages on the command and the client run as they stand."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from app.cli.root import COMMANDS, HELP
from app.cli.settings import KEY, URL
from app.cli.statuses import Status
from app.client import Client
from tests.support.files import ORDERS, as_csv, publish
from tests.support.pages import guide, write_programs
from tests.support.processes import ROOT, started, web_process, worker_process
from tests.support.site import ADMIN_KEY
from tests.support.standing import said

COMMAND = guide("command")
ELSEWHERE = "http://127.0.0.1:8000"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the tasks and the program into files of the names that the pages give."""
    names = write_programs(guide("tasks") + guide("client"), tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    yield tmp_path
    for name in names:
        sys.modules.pop(name, None)


async def test_the_commands_run(environ: Mapping[str, str], shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in a folder with the files that they name; ids are those that others have printed.

    And the program, beside them.
    """
    monkeypatch.chdir(shop)
    (shop / "names.txt").write_text("Ada\nBob\n", encoding="utf-8")
    (shop / "orders.csv").write_bytes(as_csv([ORDERS, ("A1", "cup", 1, 2, "2026-11-01")]))
    environ = {**environ, "JOBS_TASKS": "shop_tasks:TASKS"}
    async with web_process(environ) as (_, admin), worker_process(environ, "data_sync:2,data_processing:2,scheduled:1"):
        await publish(admin)
        url = str(admin.base_url)
        for line in re.findall(r"^    (switchyard .*)$", COMMAND, re.MULTILINE):
            _, *words = shlex.split(await _with_ids(line.replace(ELSEWHERE, url), admin))
            told = await asyncio.to_thread(said, *words, environ={"HOME": str(shop)}, stdin=f"{ADMIN_KEY}\n")
            assert told.status == 0, f"{line}\n{told.err}"
            assert told.out, line
        site = {URL: url, KEY: ADMIN_KEY}
        async with started((sys.executable, str(shop / "greet_client.py")), site) as program:
            assert await program.ends(within_s=60) == 0
            assert program.lines[-2:] == ["succeeded", "Hello, Ada!"]


async def test_a_shell_completes_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the line that the page gives, in a bash that has the command on its PATH."""
    (line,) = re.findall(r"^ +(eval .*)$", COMMAND, re.MULTILINE)
    bin_folder = Path(sys.executable).parent
    if not (bin_folder / "switchyard").exists():
        pytest.skip("this environment was not made by ./dev, and has no program switchyard")
    monkeypatch.setenv("PATH", f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
    async with started(("bash", "-c", f"{line}\ncomplete -p switchyard"), {}) as shell:
        assert await shell.ends(within_s=20) == 0
        assert shell.lines == ["complete -o nosort -F _switchyard_completion switchyard"]


def test_all_commands_are_named() -> None:
    """In the list of what there is."""
    (listed,) = re.findall(r"- \*\*What there is\.\*\*(.*?)Each says", COMMAND, re.DOTALL)
    assert sorted(re.findall(r"`([a-z]+)`", listed)) == sorted(COMMANDS)


def test_all_resources_are_named() -> None:
    """Those of the client."""
    (listed,) = re.findall(r"`client` has (.*?): a method", guide("client"), re.DOTALL)
    assert re.findall(r"`([a-z_]+)`", listed) == [name for name in vars(Client("http://site")) if name[0] != "_"]


def test_all_statuses_are_told() -> None:
    """With what they mean, in the page and by --help."""
    (listed,) = re.findall(r"- \*\*Exit status\.\*\*(.*?)\n- ", COMMAND, re.DOTALL)
    assert [int(number) for number in re.findall(r"(\d+): ", listed)] == [*Status]
    assert [int(number) for number in re.findall(r"(\d+) [A-Za-z]", HELP.partition("Exit status: ")[2])] == [*Status]


async def _with_ids(line: str, admin: httpx.AsyncClient) -> str:
    """Put the newest job's and file's id where the line says so."""
    for word, path in (("JOB_ID", "/api/jobs"), ("FILE_ID", "/api/data-sync/files")):
        if word in line:
            answer = await admin.get(path, params={"limit": 1})
            line = line.replace(word, answer.json()["items"][0]["id"])
    return line
