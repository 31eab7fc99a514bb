"""PostgreSQL loads so many files at once, whichever workers ask for it; a turn is not lost with who has it."""

import asyncio

import httpx
import pytest

from jobs.errors import StoreUnavailableError
from jobs.stores.database import Database
from jobs.tasks.data_sync.turns import take_turn
from tests.support.conditions import eventually, reaches
from tests.support.files import ORDERS, as_csv, publish, upload
from tests.support.processes import worker_process

pytestmark = pytest.mark.usefixtures("stores_stay")

_WAITING = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
_HAVING = "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND granted"
_LOCK_SOURCE = """
SELECT pg_advisory_xact_lock(
    hashtextextended(jsonb_build_array('switchyard.facts', 'shop', 'first', 'orders', '', 'daily')::text, 0)
)
"""


async def _amounts_to(database: Database, query: str, amount: int) -> bool:
    row = await database.fetch_row(query)
    return row is not None and row["n"] == amount


async def test_as_many_as_may_have_a_turn_and_the_next_waits(database: Database) -> None:
    """Until another ends; that of a connection that breaks off in the middle is free at once."""

    async def have() -> None:
        async with database.transaction() as connection:
            await take_turn(connection, most=2)

    async def have_until_another_waits() -> None:
        async with database.transaction() as connection:
            await take_turn(connection, most=2)
            waiting.append(asyncio.create_task(have()))
            await eventually(lambda: _amounts_to(database, _WAITING, 1))
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    waiting: list[asyncio.Task[None]] = []
    async with database.transaction() as first:
        await take_turn(first, most=2)
        with pytest.raises(StoreUnavailableError):
            await have_until_another_waits()
        # Who waited may have come to that turn: while he has it, another would get in line for either.
        await eventually(lambda: _amounts_to(database, _HAVING, 1))
        await have()
    await asyncio.gather(*waiting)


async def test_a_killed_worker_keeps_no_turn(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database
) -> None:
    """The one turn that there is was its; what waited for it, and what had it, is loaded by the next worker."""
    settings = {**environ, "JOBS_LOADS": "1"}
    await publish(web)
    tasks = []
    async with database.transaction() as connection:
        await connection.execute(_LOCK_SOURCE)
        async with worker_process(settings) as doomed:
            for waiting, shop in enumerate(("first", "second"), 1):
                rows = as_csv([ORDERS, (shop, "x", 1, "1.50", "2026-03-01")])
                file = (await upload(web, rows, shop_id=shop)).json()
                answer = await web.post("/api/data-sync/single", json={"file_id": file["id"]})
                tasks.append(answer.json()["task_id"])
                await eventually(lambda waiting=waiting: _amounts_to(database, _WAITING, waiting))  # type: ignore[misc]
            await doomed.kill()
    async with worker_process(settings):
        for task_id in tasks:
            assert (await reaches(web, task_id, "succeeded", within_s=20))["tries"] == 1
