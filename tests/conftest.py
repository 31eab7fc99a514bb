"""Real servers for the tests: a Redis and a PostgreSQL a test process, a fresh database a test."""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis import Redis

from app.migrate import FOLDER, load_migrations, migrate
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.logs import configure_logs
from jobs.stores.database import Database
from tests.support.server_folder import server_folder
from tests.support.site import environment, running_web, running_worker

_MODEL = "model"  # the migrated database that each test's own is copied from
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of this test process. A test that stops or kills one makes its own instead."""

    redis: RedisServer
    postgres: PostgresServer

    def url_of(self, database: str) -> str:
        """Give the URL of a database on our PostgreSQL."""
        return self.postgres.url.replace("/switchyard?", f"/{database}?", 1)


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
def redis_url(servers: Servers) -> str:
    """Give our Redis, empty."""
    with Redis.from_url(servers.redis.url) as redis:
        redis.flushdb()
    return servers.redis.url


@pytest.fixture
async def empty_database_url(servers: Servers) -> AsyncIterator[str]:
    """Give a database with nothing in it."""
    async for url in _database(servers, template="template1"):
        yield url


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """Give a migrated database of the test's own."""
    await _ensure_model(servers)
    async for url in _database(servers, template=_MODEL):
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


async def _database(servers: Servers, *, template: str) -> AsyncIterator[str]:
    name = f"test_{next(_numbers)}"
    await _admin(servers, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield servers.url_of(name)
    finally:
        await _admin(servers, f"DROP DATABASE {name} WITH (FORCE)")


async def _ensure_model(servers: Servers) -> None:
    connection = await asyncpg.connect(servers.postgres.url)
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", _MODEL):
            return
        await connection.execute(f"CREATE DATABASE {_MODEL}")
    finally:
        await connection.close()
    pool = await Database.open(servers.url_of(_MODEL), size=1, patience_s=10, answer_s=30)
    await migrate(pool, load_migrations(FOLDER))
    await pool.close()


async def _admin(servers: Servers, statement: str) -> None:
    connection = await asyncpg.connect(servers.postgres.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
