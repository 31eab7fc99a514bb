"""`./dev` as it is typed, on a small tree: what it prints, its status, and that nothing stays behind."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# stands in for the site: answers every GET, and has a descendant
WEB = """
import http.server, os, subprocess
subprocess.Popen(["sleep", "1000"])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ[self.path[1:]].encode() if self.path[1:] in os.environ else b"")
    def log_message(self, *args):
        pass
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Answer).serve_forever()
"""


@pytest.fixture(scope="module")
def planted(plant: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plant one tree for the whole module: its environment takes seconds."""
    tree = plant(tmp_path_factory.mktemp("command") / "small tree")
    (tree / "web.py").write_text(WEB)
    return tree


@pytest.fixture
def tree(planted: Path) -> Path:
    """Give the tree a site that needs no servers and has not run yet."""
    shutil.rmtree(planted / ".local", ignore_errors=True)
    (planted / "Procfile").write_text("web: python web.py\nrelease: echo migrated\n")
    return planted


@pytest.fixture
def env(unused_tcp_port: int) -> dict[str, str]:
    """Start the command with this: a port of its own, and URLs, so that it starts no servers."""
    urls = {"REDIS_URL": "redis://unused.invalid", "DATABASE_URL": "postgresql://unused.invalid/x"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APP_", "JOBS_", "HOST"))}
    return {**kept, **urls, "PORT": str(unused_tcp_port)}


def dev(tree: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `./dev` to its end, from another folder."""
    command = [sys.executable, str(tree / "dev"), *arguments]
    return subprocess.run(command, cwd="/", env=env, capture_output=True, text=True, timeout=90, check=False)


@contextmanager
def running(tree: Path, env: dict[str, str], eventually: Callable[..., None]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `./dev run` until its banner is there; what it prints goes to the file `printed`."""
    with (tree / "printed").open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, tree / "dev", "run"], env=env, cwd="/", stdout=printed, stderr=printed
        )
    try:
        eventually(
            lambda: "Switchyard is running" in (tree / "printed").read_text() or process.poll() is not None, within_s=60
        )
        assert process.poll() is None, (tree / "printed").read_text()
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("arguments", [(), ("help",), ("-h",), ("--help",)])
def test_help(tree: Path, arguments: tuple[str, ...]) -> None:
    """Each command has its line, and nothing is installed for that."""
    done = dev(tree, *arguments)
    assert done.returncode == 0
    for command in ("run", "test", "stores", "demo", "lint", "bench", "soak", "openapi", "lock"):
        assert f"\n  {command} " in done.stdout
    assert not (tree / ".local").exists()


def test_an_unknown_command(tree: Path) -> None:
    """Status 2, its name, and the help."""
    done = dev(tree, "fly")
    assert done.returncode == 2
    assert "'fly'" in done.stderr
    assert "usage:" in done.stderr


def test_a_taken_port_is_said_before_anything_starts(tree: Path, env: dict[str, str]) -> None:
    """One line, with the mend."""
    with socket.create_server(("127.0.0.1", int(env["PORT"]))):
        done = dev(tree, "run", env=env)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"PORT={int(env['PORT']) + 1} ./dev run" in done.stderr
    assert not (tree / ".local" / "admin-key").exists()


@pytest.mark.parametrize("wrong", [{"PORT": "eighty"}, {"PORT": "0"}, {"HOST": "nowhere.invalid"}])
def test_an_address_that_is_none(tree: Path, env: dict[str, str], wrong: dict[str, str]) -> None:
    """One line that names the variable."""
    done = dev(tree, "run", env=env | wrong)
    assert done.returncode == 1
    assert next(iter(wrong)) in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_until_a_signal(
    tree: Path,
    env: dict[str, str],
    number: signal.Signals,
    eventually: Callable[..., None],
    descendants: Callable[[int], set[int]],
    is_running: Callable[[int], bool],
) -> None:
    """Release first, then the banner; a second run is refused; the signal ends all of it with status 0."""
    with running(tree, env, eventually) as process:
        printed = (tree / "printed").read_text()
        assert printed.index("release | migrated") < printed.index("Switchyard is running")
        key_file, card_file = tree / ".local" / "admin-key", tree / ".local" / "site.json"
        key = key_file.read_text().strip()
        assert key in printed
        assert len(key) >= 32
        card = json.loads(card_file.read_text())
        assert card["url"] == f"http://127.0.0.1:{env['PORT']}"
        assert card["pid"] == process.pid
        assert [file.stat().st_mode & 0o777 for file in (key_file, card_file)] == [0o600, 0o600]

        second = dev(tree, "run", env=env)
        assert second.returncode == 1
        assert "already running" in second.stderr

        started = descendants(process.pid)
        assert len(started) >= 3
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    assert not any(map(is_running, started))
    assert not card_file.exists()

    with running(tree, env, eventually):
        assert key not in (tree / "printed").read_text()


def test_the_environment_of_the_processes(tree: Path, env: dict[str, str], eventually: Callable[..., None]) -> None:
    """What the user set wins; an admin key that is given is neither written nor printed."""
    own = {"APP_ADMIN_API_KEY": "k" * 40, "JOBS_LOG_FORMAT": "json"}
    with running(tree, env | own, eventually):
        answers = {}
        for name in (*own, "APP_LOG_FORMAT", "JOBS_DIAGNOSTICS", "JOBS_DATA_DIR", "HOST", "REDIS_URL"):
            connection = http.client.HTTPConnection("127.0.0.1", int(env["PORT"]))
            connection.request("GET", f"/{name}")
            answers[name] = connection.getresponse().read().decode()
            connection.close()
    assert answers == own | {
        "APP_LOG_FORMAT": "console",
        "JOBS_DIAGNOSTICS": "1",
        "JOBS_DATA_DIR": str(tree / ".local" / "files"),
        "HOST": "127.0.0.1",
        "REDIS_URL": env["REDIS_URL"],
    }
    assert not (tree / ".local" / "admin-key").exists()
    assert "k" * 40 not in (tree / "printed").read_text()


def test_a_release_that_fails_stops_it(tree: Path, env: dict[str, str]) -> None:
    """Nothing else is started, and its output says why."""
    (tree / "Procfile").write_text("web: touch started\nrelease: sh -c 'echo no such table; exit 4'\n")
    done = dev(tree, "run", env=env)
    assert done.returncode == 1
    assert "release | no such table" in done.stdout
    assert "status 4" in done.stderr
    assert not (tree / "started").exists()


def test_stores_for_no_command(tree: Path) -> None:
    """It says what it wants before it starts any."""
    done = dev(tree, "stores")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "./dev stores pytest" in done.stderr


def test_demo_without_a_site(tree: Path) -> None:
    """One line says what to start."""
    shutil.copytree(ROOT / "deploy" / "demo", tree / "deploy" / "demo")
    env = {name: value for name, value in os.environ.items() if name != "SWITCHYARD_URL"}
    done = dev(tree, "demo", env=env)
    assert done.returncode == 1
    assert "./dev run" in done.stderr
