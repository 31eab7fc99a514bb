"""A clean Debian that has booted in namespaces of its own, for what has to be installed and run as on a host."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from packaging.markers import Marker

from deploy.local.leash import leash
from tests.support.conditions import eventually
from tests.support.processes import ROOT, started
from tests.support.programs import program_of

_SCRIPT = Path(__file__).with_suffix(".sh")
_MADE_WITHIN_S = 1200.0  # a mirror may be slow, and so may the machine
_BOOTED_WITHIN_S = 120.0
_ENDED_WITHIN_S = 60.0
_ROOM_BYTES = 3 << 30  # it takes half of this
_WHEELS = "var/cache/wheels"


class CleanRoot:
    """The host: what it is told, root does there. It has no network but its own loop-back."""

    def __init__(self, pid: int, python: str) -> None:
        self._pid = pid
        self._python = python
        self.root = Path(f"/proc/{pid}/root")

    async def run(self, script: str, *, fails: bool = False) -> str:
        """Let bash do this, up to the first command that fails; give all that was said.

        AssertionError where one fails, with what the journal says; with `fails` that is left to the caller.
        """
        process = await asyncio.create_subprocess_exec(
            *("nsenter", f"--target={self._pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"),
            *(
                "env",
                "-i",
                "HOME=/root",
                "LANG=C.UTF-8",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ),
            *("bash", "-euo", "pipefail", "-c", script),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
        )
        said = (await process.communicate())[0].decode(errors="replace")
        if process.returncode != 0 and not fails:
            journal = await self.run("journalctl --no-pager --boot --lines=60", fails=True)
            raise AssertionError(f"{script}\n\nended with {process.returncode}:\n{said}\n\n{journal}")
        return said.strip()

    async def bring_wheels(self, folder: Path, requirements: Path) -> None:
        """Let pip find there what a lock of ours names for its Python, without a network."""
        lock = folder / "requirements.txt"
        lock.write_text(_for_python(_text_of(requirements), self._python), encoding="utf-8")
        command = ["pip", "download", "-qq", "--require-hashes", "--no-deps", "--only-binary=:all:"]
        command += ["--python-version", self._python, "-r", str(lock), "-d", str(folder / "wheels")]
        async with started([str(ROOT / ".venv/bin/python"), "-m", *command], {}) as pip:
            assert await pip.ends(within_s=_MADE_WITHIN_S) == 0, pip.lines
        shutil.copytree(folder / "wheels", self.root / _WHEELS)
        configuration = f"[global]\nno-index = true\nfind-links = /{_WHEELS}\n"
        (self.root / "etc/pip.conf").write_text(configuration, encoding="utf-8")


@asynccontextmanager
async def clean_root(packages: Sequence[str]) -> AsyncIterator[CleanRoot]:
    """Boot one of this machine's own release, which can install these packages; nothing of it is left at the end.

    The test is skipped where there is no root, no namespaces, no Debian or too little memory.
    """
    program_of("debootstrap")
    suite, mirror = _mirror()
    if os.geteuid() != 0:
        pytest.skip("needs root, for namespaces")
    if shutil.disk_usage("/dev/shm").total < _ROOM_BYTES:  # noqa: S108  as much may any such file system take
        pytest.skip("needs three gigabytes of memory")
    with _cgroup() as cgroup:
        entered = f'echo $$ > {cgroup}/cgroup.procs && exec "$@" </dev/null'
        namespaces = ("unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--cgroup")
        command = ["sh", "-c", entered, "sh", *namespaces, str(_SCRIPT), suite, mirror, *packages]
        # Were we killed, the leash would end it; then there is nobody left in its cgroup either.
        async with started(leash().held(command, scratch=cgroup), {}, stdin=leash().fd) as init:
            try:
                python = (await init.says(r"^python (\S+)$", within_s=_MADE_WITHIN_S))[1]
                await init.says("becomes systemd")
                host = CleanRoot(_child_of(init.pid), python)
                await eventually(lambda: _has_booted(host), within_s=_BOOTED_WITHIN_S)
                yield host
            finally:
                await init.kill()
                leash().forget(init.pid)
                await eventually(lambda: _is_empty(cgroup), within_s=_ENDED_WITHIN_S)


async def _has_booted(host: CleanRoot) -> bool:
    return await host.run("systemctl is-system-running --wait", fails=True) in {"running", "degraded"}


def _child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii"))


async def _is_empty(cgroup: Path) -> bool:
    return "populated 0" in (cgroup / "cgroup.events").read_text(encoding="ascii")


def _mirror() -> tuple[str, str]:
    """Give the release's name and the address that apt has it from."""
    query = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(SUITE) $(CODENAME) $(SITE)"]
    try:
        said = subprocess.run([*query, "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("needs a Debian, whose apt knows a mirror")
    for line in said.splitlines():
        origin, component, suite, codename, site = line.split()
        if (origin, component) == ("Debian", "main") and "-" not in suite:
            return codename, site
    pytest.skip("needs a Debian, whose apt knows a mirror; `apt-get update` may be missing")


@contextmanager
def _cgroup() -> Iterator[Path]:
    """Make one, so that the host's systemd has a tree of its own to work in."""
    mounted = re.search(r"^\S+ (\S+) cgroup2 ", Path("/proc/self/mounts").read_text(encoding="utf-8"), re.MULTILINE)
    own = re.search(r"^0::/(.*)$", Path("/proc/self/cgroup").read_text(encoding="ascii"), re.MULTILINE)
    if not mounted or not own:
        pytest.skip("needs cgroups of the second version")
    try:
        folder = Path(tempfile.mkdtemp(prefix="switchyard-root-", dir=Path(mounted[1], own[1])))
    except OSError as error:
        pytest.skip(f"needs a cgroup of its own: {error}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # its files cannot be removed, and need not be


def _text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _for_python(lock: str, version: str) -> str:
    """Give what of a lock holds for this Python: pip itself looks at the one that it runs on."""
    known = {"python_full_version": version, "python_version": version.rpartition(".")[0]}
    entries = re.findall(r"^\S.*(?:\n +.*)*\n", lock, re.MULTILINE)
    markers = [re.search(r" ; (.*?) \\", entry) for entry in entries]
    return "".join(
        entry.replace(marker[0], " \\") if marker else entry
        for entry, marker in zip(entries, markers, strict=True)
        if not marker or Marker(marker[1]).evaluate(known)
    )
