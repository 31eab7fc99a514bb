"""Real servers for the tests: a Redis and a PostgreSQL a test process, a fresh database a test."""

import signal
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import httpx
import pytest
from hypothesis import settings
from redis import Redis

from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.logs import configure_logs
from jobs.stores.database import Database
from tests.support.memory import keep_files_in_memory
from tests.support.ports import free_ports
from tests.support.server_folder import server_folder
from tests.support.servers import Servers, empty_database, migrated_database
from tests.support.site import environment, running_web, running_worker

_WAITING = {"acceptance", "chaos"}  # folders of tests that wait for leases, patience and processes


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take `--system` and `--install`."""
    parser.addoption("--system", action="store_true", help="run the tests of a whole system alone, at full size")
    parser.addoption("--install", action="store_true", help="follow the guide on a clean host, and run nothing else")


def pytest_configure() -> None:
    """Make it quick, before the first folder is made; an example may take as long as a busy machine lets it."""
    keep_files_in_memory()
    settings.register_profile("patient", deadline=None)
    settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out all other tests with `--system` and `--install`, and what `--install` is for without it."""
    if config.getoption("--system"):
        items[:] = [item for item in items if item.get_closest_marker("system")]
    is_install = bool(config.getoption("--install"))
    items[:] = _mixed(item for item in items if bool(item.get_closest_marker("install")) == is_install)


def _mixed(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Stand modules that mostly wait between those that compute: next to each other they leave processors idle."""
    modules = [list(module) for _, module in groupby(items, key=lambda item: item.path)]
    places: list[tuple[float, list[pytest.Item]]] = []
    for waits in (True, False):
        alike = [module for module in modules if (module[0].path.parent.name in _WAITING) is waits]
        places += [((number + 0.5) / len(alike), module) for number, module in enumerate(alike)]
    return [item for _, module in sorted(places, key=lambda place: place[0]) for item in module]


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Heed Ctrl-C, though a shell that runs this in the background ignores it: what is started here inherits that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Log as a process does."""
    configure_logs(form="console", level="info")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start both, for as long as this process tests."""
    with (
        server_folder() as folder,
        RedisServer(folder / "redis", durable=False) as redis,
        PostgresServer(folder / "postgres", durable=False) as postgres,
    ):
        yield Servers(redis, postgres)


@pytest.fixture
def unused_tcp_port() -> int:
    """Give a port that stays unused until it is used here; the plugin's own may be any that the kernel gives others."""
    return free_ports(1)[0]


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """Give our Redis, empty."""
    with Redis.from_url(servers.redis.url) as redis:
        redis.flushdb()
    return servers.redis.url


@pytest.fixture
async def empty_database_url(servers: Servers) -> AsyncIterator[str]:
    """Give a database with nothing in it."""
    async with empty_database(servers) as url:
        yield url


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """Give a migrated database of the test's own."""
    async with migrated_database(servers) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give a pool on a migrated database."""
    pool = await Database.open(database_url, size=5, patience_s=10, answer_s=30)
    yield pool
    await pool.close()


@pytest.fixture
def environ(database_url: str, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """Give the variables of a site of the test's own."""
    return environment(database_url=database_url, redis_url=redis_url, data_dir=tmp_path / "data")


@pytest.fixture
async def web(environ: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application without a worker; give a client of the admin's."""
    async with running_web(environ) as client:
        yield client


@pytest.fixture
async def site(environ: dict[str, str], web: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Run the application and a worker; give a client of the admin's."""
    async with running_worker(environ):
        yield web
