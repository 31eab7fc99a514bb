"""Acceptance: a fresh copy of this tree, `./dev run`, `./dev demo`, Ctrl-C, and once more; as root, as a user."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED_AND_READY_WITHIN_S = 400
STOPPED_WITHIN_S = 30
LOADED = re.compile(
    r"orders\.(?:csv|xlsx): succeeded, rows: (\d+) read, (\d+) inserted, (\d+) updated, (\d+) unchanged"
)


@dataclass(frozen=True)
class Visitor:
    """Somebody with a fresh copy of the tree: their Python, their environment, their user id (None: ours)."""

    tree: Path
    python: str
    env: dict[str, str]
    uid: int | None

    def start(self, command: str, output: Path) -> subprocess.Popen[bytes]:
        """Start `./dev COMMAND` from another folder, what it prints goes to `output`."""
        with output.open("wb") as file:
            return subprocess.Popen(
                [self.python, self.tree / "dev", command],
                cwd="/",
                env=self.env,
                user=self.uid,
                group=self.uid,
                extra_groups=None if self.uid is None else [],
                stdout=file,
                stderr=file,
            )


@pytest.fixture
def copied_tree(public_folder: Path) -> Path:
    """Copy what git has or would take; nothing that a run or a build has left."""
    if not (ROOT / ".git").exists() or (git := shutil.which("git")) is None:
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    tree = public_folder / "fresh copy"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


@pytest.fixture
def environment(unused_tcp_port: int) -> dict[str, str]:
    """Ours without what would tell `./dev` about other sites."""
    own = ("APP_", "JOBS_", "RATELIMIT_", "REDIS_URL", "DATABASE_URL", "HOST", "SWITCHYARD_", "PYTEST_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PORT": str(unused_tcp_port)}


@pytest.fixture
def ourselves(copied_tree: Path, environment: dict[str, str]) -> Visitor:
    """Return whoever runs the tests: root on many machines."""
    return Visitor(tree=copied_tree, python=sys.executable, env=environment, uid=None)


@pytest.fixture
def user(copied_tree: Path, environment: dict[str, str], nobodys_python: str) -> Visitor:
    """Return an ordinary user, here `nobody`, with a home."""
    home = copied_tree.parent / "home"
    home.mkdir()
    for path in (home, copied_tree, *copied_tree.rglob("*")):
        os.chown(path, 65534, 65534)
    own = {"HOME": str(home), "PATH": os.defpath, "USER": "nobody"}
    return Visitor(tree=copied_tree, python=nobodys_python, env=environment | own, uid=65534)


@contextmanager
def site_of(visitor: Visitor, eventually: Callable[..., None]) -> Iterator[subprocess.Popen[bytes]]:
    """`./dev run`, from the banner on."""
    printed = visitor.tree.parent / "printed"
    process = visitor.start("run", printed)
    try:
        eventually(
            lambda: "Switchyard is running" in printed.read_text() or process.poll() is not None,
            within_s=INSTALLED_AND_READY_WITHIN_S,
        )
        assert process.poll() is None, printed.read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def demo(visitor: Visitor) -> list[tuple[int, ...]]:
    """`./dev demo`; of each file the rows read, inserted, updated, unchanged."""
    printed = visitor.tree.parent / "demo printed"
    with visitor.start("demo", printed) as process:
        assert process.wait(timeout=120) == 0, printed.read_text()
    return [tuple(map(int, counts)) for counts in LOADED.findall(printed.read_text())]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["ourselves", "user"])
def test_a_fresh_copy_runs_loads_stops_and_runs_again(
    who: str,
    request: pytest.FixtureRequest,
    eventually: Callable[..., None],
    descendants: Callable[[int], set[int]],
    is_running: Callable[[int], bool],
) -> None:
    """Nothing but Python is there before, no process after; the second run finds what the first has loaded."""
    visitor: Visitor = request.getfixturevalue(who)
    with site_of(visitor, eventually) as site:
        first = demo(visitor)
        assert len(first) == 2
        assert all(read > 0 for read, *_ in first)
        assert sum(inserted for _, inserted, *_ in first) > 0
        started = descendants(site.pid)
        site.send_signal(signal.SIGINT)
        assert site.wait(timeout=STOPPED_WITHIN_S) == 0
    assert started
    assert not any(map(is_running, started))

    with site_of(visitor, eventually) as site:
        again = demo(visitor)
        site.send_signal(signal.SIGINT)
        assert site.wait(timeout=STOPPED_WITHIN_S) == 0
    assert [(inserted, updated) for _, inserted, updated, _ in again] == [(0, 0), (0, 0)]
    assert [unchanged for *_, unchanged in again] == [sum(counts[1:]) for counts in first]
