"""One site and one browser for all tests of a module: real processes, with something of everything in them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page
from redis import Redis

from tests.support.browser import Window, running_browser, window_on
from tests.support.dashboard import furnished
from tests.support.people import log_in, new_user
from tests.support.processes import web_process, worker_process
from tests.support.servers import Servers, migrated_database
from tests.support.site import environment

QUEUES = "data_sync:4,data_processing:2,scheduled:2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A running site: a client of the admin's, the session of an administrator of the name boss, and things by ids."""

    url: str
    api: httpx.AsyncClient
    session: str
    things: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shown(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shown]:
    """Run the site."""
    with Redis.from_url(servers.redis.url) as redis:
        redis.flushdb()
    folder: Path = tmp_path_factory.mktemp("dashboard")
    async with migrated_database(servers) as database_url:
        environ = environment(
            database_url=database_url,
            redis_url=servers.redis.url,
            data_dir=folder / "data",
            JOBS_TIMETABLE="off; check_low_stock=0 0 29 2 *",
            JOBS_SCHEDULES="tests.support.schedules:CALM",
        )
        async with web_process(environ) as (_, api), worker_process(environ, QUEUES):
            await new_user(api, "boss", "admin")
            await new_user(api, "ann")
            session = (await log_in(api, "boss"))["token"]
            api.cookies.clear()
            yield Shown(url=str(api.base_url).rstrip("/"), api=api, session=session, things=await furnished(api))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Start the browser."""
    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def boss(shown: Shown, browser: Browser) -> AsyncIterator[Window]:
    """Open a window in which an administrator is logged in."""
    async with window_on(browser, shown.url, session=shown.session) as window:
        yield window


@pytest_asyncio.fixture(loop_scope="module")
async def page(boss: Window) -> Page:
    """Give the page of an administrator."""
    return boss.page
