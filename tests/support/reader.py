"""Somebody who follows a page: saves its programs, and types its commands into one bash, one block after the other."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from tests.support.pages import Block
from tests.support.ports import free_ports
from tests.support.processes import ROOT
from tests.support.site import ADMIN_KEY

# What the pages name: the address of ./dev run, and the port of a second web process.
_SITE, _PORT = "http://127.0.0.1:8000", "8001"
_BIN = Path(sys.executable).parent
# What bash says after a block, and where it gives up: programs in the background may hold its output open.
_DONE, _FAILED = "$ done", "$ failed"
_ENDS = {_DONE, _FAILED}
_PATIENCE_S = 60.0
# Any answer but a good one ends the page.
_CURLRC = "silent\nshow-error\nfail-with-body\nmax-time=60\n"
# What a page calls the thing that was made last, and which list has it first.
_NEWEST = {
    "JOB_ID": "/api/jobs",
    "BATCH_ID": "/api/batches",
    "FILE_ID": "/api/data-sync/files",
    "TASK_ID": "/api/data-sync/tasks",
    "TEMPLATE_ID": "/api/data-sync/templates",
}


class Reader:
    """A bash in a folder, and the site that its commands reach. Whatever it prints is in `printed`."""

    def __init__(self, process: Process, folder: Path, admin: httpx.AsyncClient) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("its input and output must be pipes")
        self._keys, self._screen = process.stdin, process.stdout
        self._keys.write(f"trap \"echo; echo '{_FAILED}'\" EXIT\n".encode())
        self._admin = admin
        self._port = str(free_ports(1)[0])
        self.folder = folder
        self.printed: list[str] = []

    async def does(self, block: Block) -> None:
        """Do what the block is for: save a program under the name that it gives, type commands, look at the rest."""
        if block.language == "python":
            (name,) = re.findall(r"\A# (\w+\.py)\n", block.text)
            (self.folder / name).write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            await self.types(block.text)

    async def types(self, commands: str) -> None:
        """Type commands, with the site's address and ids put in; each has to succeed."""
        typed = await self._filled_in(commands)
        # In braces, so that they stay in this bash, but cannot read what is typed next.
        self._keys.write(f"{{\n{typed}\n}} </dev/null\necho; echo '{_DONE}'\n".encode())
        await self._keys.drain()
        seen: list[str] = []
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while (line := (await self._screen.readline()).decode(errors="replace").rstrip()) not in _ENDS:
                    seen.append(line)
        except TimeoutError:
            line = f"it took over {_PATIENCE_S:g} s"
        self.printed += seen
        assert line == _DONE, "\n".join([line, typed, *self.printed])

    async def _filled_in(self, commands: str) -> str:
        commands = commands.replace(_SITE, str(self._admin.base_url).rstrip("/")).replace(_PORT, self._port)
        for word, path in _NEWEST.items():
            if word in commands:
                # Not what a schedule has made meanwhile.
                mine = {"owner": "admin"} if word == "JOB_ID" else {}
                (newest,) = (await self._admin.get(path, params={"limit": 1, **mine})).json()["items"]
                commands = commands.replace(word, newest.get("id") or newest["task_id"])
        for word, field in (("ROW_NUMBER", "row_number"), ("TOKEN", "token")):
            if re.search(rf"\b{word}\b", commands):
                found = re.findall(rf'"{field}":"?([^",}}]+)', "\n".join(self.printed))
                commands = re.sub(rf"\b{word}\b", found[-1], commands)
        return commands


@asynccontextmanager
async def reading(folder: Path, admin: httpx.AsyncClient, environ: Mapping[str, str]) -> AsyncIterator[Reader]:
    """Give a reader in the folder, as `./dev run` leaves it: with the tree's `dev`, and the administrator's key."""
    (folder / ".local").mkdir()
    (folder / ".local/admin-key").write_text(f"{ADMIN_KEY}\n", encoding="utf-8")
    (folder / ".curlrc").write_text(_CURLRC, encoding="utf-8")
    (folder / "dev").symlink_to(ROOT / "dev")
    process = await asyncio.create_subprocess_exec(
        *("bash", "--noprofile", "--norc", "-euo", "pipefail", "-s"),
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("SWITCHYARD_", "XDG_"))},
            **environ,
            "HOME": str(folder),
            "NO_PROXY": "*",
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f".{os.pathsep}{ROOT}",
        },
        stdin=PIPE,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        yield Reader(process, folder, admin)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
