"""Servers that a test may stop, hang and kill: not those that all other tests share."""

from collections.abc import Iterator

import pytest

from deploy.local.postgres import PostgresServer
from deploy.local.redis import RedisServer
from tests.support.bed import SHORT_LEASE
from tests.support.server_folder import server_folder
from tests.support.servers import Servers
from tests.support.site import IMPATIENT, PATIENT


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Start a Redis and a PostgreSQL that keep what they acknowledge, as in production."""
    with (
        server_folder() as folder,
        RedisServer(folder / "redis", durable=True) as redis,
        PostgresServer(folder / "postgres", durable=True) as postgres,
    ):
        yield Servers(redis, postgres)


@pytest.fixture
def stores_stay() -> None:
    """Be named by a test that takes no store away: its site waits for one that a busy machine holds up."""


@pytest.fixture
def environ(environ: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the variables of a site that waits for nobody: what a dead worker held is another's after a second."""
    patience = PATIENT if "stores_stay" in request.fixturenames else IMPATIENT
    return {**environ, **SHORT_LEASE, **patience}
