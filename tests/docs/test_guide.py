"""Who follows README.md or a page of app/docs/guide to its end gets there: each block is run as it stands."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from redis import Redis

from tests.support.blocks import FOLLOWED, RUN_BY, RUN_BY_NOBODY
from tests.support.files import ORDERS, as_csv, publish
from tests.support.pages import blocks, page, write_programs
from tests.support.pictures import book_of, picture, publish_products, upload_book
from tests.support.processes import ROOT, web_process, worker_process
from tests.support.reader import Reader, reading
from tests.support.servers import Servers, migrated_database
from tests.support.site import environment

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUES = "data_sync:2,data_processing:2,scheduled:1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a reader has beside his page: a running site, by an administrator's client, and two stores of his own."""

    admin: httpx.AsyncClient
    stores: Mapping[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def beside(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Beside]:
    """Run a site with the pages' tasks and schedules."""
    folder: Path = tmp_path_factory.mktemp("guide")
    write_programs("".join(page(path) for path in FOLLOWED), folder)
    redis_url, other_redis_url = servers.redis.url, servers.redis.url.replace("?db=0", "?db=1")
    for url in (redis_url, other_redis_url):
        with Redis.from_url(url) as redis:
            redis.flushdb()
    async with migrated_database(servers) as database_url, migrated_database(servers) as other:
        environ = environment(
            database_url=database_url,
            redis_url=redis_url,
            data_dir=folder / "data",
            JOBS_TASKS="shop_tasks:TASKS,shop_reports:TASKS",
            JOBS_SCHEDULES="shop_schedules:SCHEDULES",
            PYTHONPATH=str(folder),
        )
        async with web_process(environ) as (_, admin), worker_process(environ, QUEUES):
            yield Beside(admin=admin, stores={"DATABASE_URL": other, "REDIS_URL": other_redis_url})


async def _orders(reader: Reader, admin: httpx.AsyncClient) -> None:
    """Have what the page on the command takes for granted: a source whose template is published, and a file of it."""
    await publish(admin)
    (reader.folder / "orders.csv").write_bytes(as_csv([ORDERS, ("A1", "cup", 1, 2, "2026-11-01")]))


async def _workbook(_: Reader, admin: httpx.AsyncClient) -> None:
    """Have a workbook with a picture uploaded."""
    await publish_products(admin)
    await upload_book(admin, book_of([("A1", [picture()])]))


BEFORE: Mapping[str, Callable[[Reader, httpx.AsyncClient], Awaitable[None]]] = {
    "app/docs/guide/command.md": _orders,
    "app/docs/guide/pictures.md": _workbook,
}
AFTER: Mapping[str, tuple[str, ...]] = {
    "README.md": ('succeeded: "Hello, Ada!"', "succeeded: 168", "2 passed", "ok      jobs:"),
    "app/docs/guide/tasks.md": ("succeeded: 3", "'no shop' is no shop, and never will be"),
    "app/docs/guide/schedules.md": ("shop.morning_greeting", 'succeeded: "Hello, everybody!"'),
    "app/docs/guide/files.md": ("3 read", "2 inserted", "1 quarantined", '"outcome":"inserted"'),
    "app/docs/guide/batches.md": ("2 succeeded", '"name":"greetings"'),
    "app/docs/guide/events.md": ("event: job", '"state":"succeeded"'),
    "app/docs/guide/command.md": ("1 inserted", '"name": "data_sync"', "80/minute"),
    "app/docs/guide/client.md": ("succeeded", "Hello, Ada!"),
    "app/docs/guide/users.md": ("ann", "nightly import", '"key":"sy_'),
    "app/docs/guide/limits.md": ("80/minute", "20/minute burst 40"),
    "app/docs/guide/pictures.md": ('"sku":"A1"', '"sheets"'),
    "app/docs/guide/dashboard.md": ("ada",),
}


@pytest.mark.parametrize("path", FOLLOWED)
async def test_it_can_be_followed(path: str, beside: Beside, tmp_path: Path) -> None:
    """Beside a running site, whose address and ids are put in; and what it says is to be seen."""
    if not (ROOT / ".venv/bin/switchyard").exists():
        pytest.skip("this environment was not made by ./dev, and has no program switchyard")
    async with reading(tmp_path, beside.admin, beside.stores) as reader:
        if path in BEFORE:
            await BEFORE[path](reader, beside.admin)
        for block in blocks(path):
            if block.name not in {**RUN_BY, **RUN_BY_NOBODY}:
                await reader.does(block)
        shown = "\n".join(reader.printed)
        assert [text for text in AFTER[path] if text not in shown] == [], shown
