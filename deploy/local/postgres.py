"""PostgreSQL as a local server with one database; no client: what it asks goes through psql."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlencode

from deploy.local.account import Account, choose_account
from deploy.local.binaries import PostgresBinaries, find_postgres
from deploy.local.daemon import Launch
from deploy.local.errors import DevError
from deploy.local.server import Server

DATABASE = USER = "switchyard"

_CREATE_IF_MISSING = """
SELECT 'CREATE DATABASE switchyard' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'switchyard') \\gexec
"""
# nobody but us can reach the socket's folder, hence the trust; no locale: the same order of text everywhere
_INITDB_OPTIONS = (
    *("--username", USER, "--auth-local=trust", "--auth-host=reject"),
    *("--encoding=UTF8", "--no-locale", "--no-instructions"),
)
_SETTINGS = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC", "log_timezone": "UTC"}
_UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PostgresServer(Server):
    """One PostgreSQL with the database and superuser `switchyard`; its stop is the fast shutdown."""

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT

    _found: PostgresBinaries

    @property
    def url(self) -> str:
        """An address that libpq and asyncpg take; the port keeps a PGPORT of the user's out of it."""
        return self._address(DATABASE)

    def _address(self, database: str) -> str:
        query = urlencode({"host": str(self.socket_dir), "port": "5432", "user": USER}, quote_via=quote, safe="/")
        return f"postgresql:///{database}?{query}"

    def _engine(self) -> str:
        self._found = find_postgres()
        return self._found.engine

    def _prepare(self, engine: str) -> Launch:
        account = choose_account(self._found, self.directory)
        data = account.home / engine
        if account.user is not None and account.group is not None:
            os.chown(self.socket_dir, account.user, account.group)
        if not data.exists():
            self._initialize(account, data)
        _forget_former_run(data)
        settings = _SETTINGS if self.durable else _SETTINGS | _UNSAFE_BUT_FAST
        server = [str(account.binaries / "postgres"), "-D", str(data), "-k", str(self.socket_dir), "-p", "5432"]
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Launch(
            command=[*account.wrap, *server, *options],
            env=_environment(),
            user=account.user,
            group=account.group,
        )

    def _initialize(self, account: Account, data: Path) -> None:
        """Make the cluster under another name first: an interrupted initdb leaves nothing that looks whole."""
        half_made = data.with_suffix(".new")
        shutil.rmtree(half_made, ignore_errors=True)
        initdb = [*account.wrap, str(account.binaries / "initdb"), "-D", str(half_made), *_INITDB_OPTIONS]
        done = subprocess.run(
            [*initdb, *([] if self.durable else ["--no-sync"])],
            env=_environment(),
            user=account.user,
            group=account.group,
            extra_groups=None if account.user is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise DevError(f"initdb failed:\n{done.stdout}{done.stderr}")
        half_made.rename(data)

    def _answers(self) -> bool:
        if not (self.socket_dir / ".s.PGSQL.5432").exists():
            return False
        asked = subprocess.run(
            [str(self._found.folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", self._address("postgres")],
            input=_CREATE_IF_MISSING,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        return asked.returncode == 0


def _forget_former_run(data: Path) -> None:
    """Remove the pid file of a server that was killed: after a restart of the machine that id may be anybody's.

    We hold the lock that each process of a former server of ours would hold still. A server that somebody started
    by hand would not; on Linux it shows by its working directory, elsewhere PostgreSQL's own check has to do.
    """
    pid_file = data / "postmaster.pid"
    proc = Path("/proc")
    if not pid_file.exists() or not (proc / "self/cwd").exists():
        return
    pid = pid_file.read_text().partition("\n")[0].strip()
    try:
        somebody_runs = (proc / pid / "cwd").readlink() == data
    except OSError:
        somebody_runs = False
    if not somebody_runs:
        pid_file.unlink()


def _environment() -> dict[str, str]:
    """Ours without the user's PG* variables, which would lead the programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
