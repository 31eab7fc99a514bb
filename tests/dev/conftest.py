"""What the tests of `./dev` share: conditions to wait for, processes to look at, small trees, and `nobody`."""

import base64
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import children

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait for a condition, at most `within_s`."""

    def wait(condition: Callable[[], object], *, within_s: float = 20.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {within_s:g} s"
            time.sleep(0.02)

    return wait


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    """Whether a process has not ended; a zombie has, whether or not somebody waits for it."""
    return children.is_running


@pytest.fixture
def descendants() -> Callable[[int], set[int]]:
    """All that a process started, and what these started."""
    return lambda pid: {one for one in children.descendants_of(pid) if children.is_running(one)}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Path]]:
    """Plant a small tree: `dev` with a lock of one wheel, which lies at hand, so that nothing is fetched."""
    wheels = tmp_path_factory.mktemp("wheels")
    versions = [_wheel(wheels, "tiny", version, f"version = {version!r}\n") for version in ("1.0", "2.0")]
    lost_uv = _wheel(wheels, "uv", "0.1", "raise SystemExit('no route to the packages')\n")

    def plant(tree: Path) -> Path:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "deploy" / "local", tree / "deploy" / "local", ignore=ignored)
        shutil.copy(ROOT / "deploy" / "__init__.py", tree / "deploy")
        shutil.copy(ROOT / "dev", tree)
        (tree / "tests").mkdir()
        (tree / "tests" / "requirements.txt").write_text(_requirement(versions[0]))
        (tree / "next-lock.txt").write_text(_requirement(versions[1]))
        (tree / "lock-with-uv.txt").write_text("".join(map(_requirement, (*versions[:1], lost_uv))))
        return tree

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(wheels))
        yield plant


def _wheel(folder: Path, name: str, version: str, code: str) -> Path:
    """Make a wheel of a package of one module by hand; building one would need a build tool."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return wheel


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _requirement(wheel: Path) -> str:
    name, version = wheel.name.split("-")[:2]
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture(scope="session")
def nobodys_python() -> str:
    """Return a Python that the id of `nobody` can run; only root can try."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    base = getattr(sys, "_base_executable", sys.executable)
    names = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
    folders = os.get_exec_path() + os.defpath.split(os.pathsep)
    for python in [Path(base), *(Path(folder, name) for folder in folders for name in names)]:
        if _suits_nobody(python):
            return str(python)
    pytest.skip("no Python >= 3.11 that the user nobody can run")


def _suits_nobody(python: Path) -> bool:
    script = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
    try:
        tried = subprocess.run(
            [python, "-I", "-c", script], user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", check=False
        )
    except OSError:
        return False
    return tried.returncode == 0


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Make a folder with a space in its name that any user can reach, unlike pytest's."""
    usual = Path(tempfile.gettempdir())
    is_public = usual.stat().st_mode & stat.S_IXOTH
    folder = Path(tempfile.mkdtemp(prefix="switchyard tests ", dir=usual if is_public else "/tmp"))  # noqa: S108
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
