"""`./dev run`: from a bare tree to a running site and back, each step undone by the end of its `with`."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from deploy.local.admin_key import admin_key
from deploy.local.banner import KEY_FILE, Banner
from deploy.local.environment import process_environment, with_defaults
from deploy.local.errors import DevError
from deploy.local.locks import FileLock, LockedError
from deploy.local.port import check_free, site_url
from deploy.local.postgres import PostgresServer
from deploy.local.procfile import read_procfile
from deploy.local.redis import RedisServer
from deploy.local.server import Server
from deploy.local.site import STOP_SIGNALS, Site
from deploy.local.site_card import SiteCard, card_path, read_card, write_card
from deploy.local.venv import Venv


def run_site(root: Path, environ: Mapping[str, str]) -> int:
    """Run the site of the tree `root` until a signal to stop; the exit status."""
    _treat_as_ctrl_c()
    environ = with_defaults(environ)
    with _the_only_one(root):
        check_free(environ["HOST"], environ["PORT"])
        commands = read_procfile(root / "Procfile")
        venv = Venv(root)
        venv.ensure()
        with _servers(root / ".local", environ) as servers:
            site, card = _assemble(root, environ, commands=commands, venv=venv, servers=servers)
            with _laid_out(root, card):
                asyncio.run(site.run())
                _treat_as_ctrl_c()  # the event loop took its handlers with it
    return 0


def _assemble(
    root: Path,
    environ: Mapping[str, str],
    *,
    commands: Mapping[str, str],
    venv: Venv,
    servers: Mapping[str, Server],
) -> tuple[Site, SiteCard]:
    local = root / ".local"
    given_key = environ.get("APP_ADMIN_API_KEY", "")
    key, is_new = (given_key, False) if given_key else admin_key(root / KEY_FILE)
    url = site_url(environ["HOST"], environ["PORT"])
    urls = {name: servers[name].url if name in servers else environ[name] for name in ("REDIS_URL", "DATABASE_URL")}
    env = process_environment(environ, urls, venv_bin=venv.bin, files=local / "files", key=key)
    Path(env["JOBS_DATA_DIR"]).mkdir(parents=True, exist_ok=True)
    banner = Banner(
        root=root,
        url=url,
        new_key=key if is_new else "",
        key_in_file=not given_key,
        database_url=urls["DATABASE_URL"],
        diagnostics=env["JOBS_DIAGNOSTICS"] == "1",
    )
    card = SiteCard(
        url=url,
        admin_key_file="" if given_key else str(root / KEY_FILE),
        database_url=urls["DATABASE_URL"],
        redis_url=urls["REDIS_URL"],
        pid=os.getpid(),
    )
    return Site(root=root, commands=commands, env=env, servers=list(servers.values()), banner=banner), card


@contextmanager
def _the_only_one(root: Path) -> Iterator[None]:
    lock = FileLock(root / ".local" / "site.lock")
    try:
        lock.acquire()
    except LockedError:
        card = read_card(root)
        where = f" at {card.url} (process {card.pid})" if card else ""
        raise DevError(f"this tree's site is already running{where}: stop that one first") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _servers(local: Path, environ: Mapping[str, str]) -> Iterator[Mapping[str, Server]]:
    """Start the servers that the environment does not name; by the variable that would have."""
    wanted: dict[str, Server] = {
        "REDIS_URL": RedisServer(local, durable=True),
        "DATABASE_URL": PostgresServer(local, durable=True),
    }
    with ExitStack() as stack:
        yield {name: stack.enter_context(server) for name, server in wanted.items() if not environ.get(name)}


@contextmanager
def _laid_out(root: Path, card: SiteCard) -> Iterator[None]:
    write_card(root, card)
    try:
        yield
    finally:
        card_path(root).unlink(missing_ok=True)


def _treat_as_ctrl_c() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
