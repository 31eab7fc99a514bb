"""Servers that a test may stop, hang and kill: not those that all other tests share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from tests.conftest import Servers
from tests.support.bed import SHORT_LEASE


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start a Redis and a PostgreSQL that keep what they acknowledge, as in production."""
    folder = Path(tempfile.mkdtemp(prefix="switchyard-chaos-"))
    try:
        with (
            RedisServer(folder / "redis", durable=True) as redis,
            PostgresServer(folder / "postgres", durable=True) as postgres,
        ):
            yield Servers(redis, postgres)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Give the variables of a site whose leases are short: what a dead worker held is another's after a second."""
    return {**environ, **SHORT_LEASE}
