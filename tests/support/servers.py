"""The servers of a test process, and databases on them."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from app.migrate import FOLDER, load_migrations, migrate
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.stores.database import Database

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


@asynccontextmanager
async def empty_database(servers: Servers) -> AsyncIterator[str]:
    """Make a database with nothing in it; give its URL. It is dropped at the end."""
    async with _database(servers, template="template1") as url:
        yield url


@asynccontextmanager
async def migrated_database(servers: Servers) -> AsyncIterator[str]:
    """Make a migrated database; give its URL. It is dropped at the end."""
    await _ensure_model(servers)
    async with _database(servers, template=_MODEL) as url:
        yield url


@asynccontextmanager
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
