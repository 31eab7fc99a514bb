"""Sites for benchmarks and endurance tests: new servers, which keep what they acknowledge, with an empty database."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.migrate import FOLDER, load_migrations, migrate
from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from jobs.stores.database import Database
from tests.support.site import environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Two servers, what a process of the site is told of them, and a door of ours to PostgreSQL."""

    environ: Mapping[str, str]
    postgres: PostgresServer
    redis: RedisServer
    database: Database


@asynccontextmanager
async def new_site(**settings: str) -> AsyncIterator[Site]:
    """Start a site without any process; `settings` are variables of its processes beside those of every site."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as name:
        folder = Path(name)
        with (
            PostgresServer(folder / "postgres", durable=True) as postgres,
            RedisServer(folder / "redis", durable=True) as redis,
        ):
            environ = environment(database_url=postgres.url, redis_url=redis.url, data_dir=folder / "data", **settings)
            database = await Database.open(postgres.url, size=4, patience_s=10, answer_s=None)
            try:
                await migrate(database, load_migrations(FOLDER))
                yield Site(environ=environ, postgres=postgres, redis=redis, database=database)
            finally:
                await database.close()
