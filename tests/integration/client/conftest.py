"""One site for all tests of a module, which leave it as they find it, or in a way that no other minds."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.client import Client
from tests.support.servers import Servers
from tests.support.site import ADMIN_KEY
from tests.support.standing import StandingSite, standing_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StandingSite]:
    """Start the site."""
    folder = tmp_path_factory.mktemp("standing")
    async with standing_site(servers, folder, JOBS_SCHEDULES="tests.support.schedules:SCHEDULES") as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(standing: StandingSite) -> AsyncIterator[Client]:
    """Give a client of the administrator's."""
    async with Client(standing.url, ADMIN_KEY) as client:
        yield client
