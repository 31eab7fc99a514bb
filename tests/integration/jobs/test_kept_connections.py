"""Connections to PostgreSQL that are kept at hand between two statements: used again while they are good."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from jobs.errors import StoreUnavailableError
from jobs.stores.database import Connection, Database
from tests.support.conditions import eventually


@asynccontextmanager
async def _pool_of_two(url: str, *, answer_s: float) -> AsyncIterator[Database]:
    pool = await Database.open(url, size=2, patience_s=10, answer_s=answer_s)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """Give a pool of two connections."""
    async with _pool_of_two(database_url, answer_s=30) as pool:
        yield pool


async def _pid(connection: Connection) -> int:
    row = await connection.fetch_row("SELECT pg_backend_pid() AS pid")
    assert row is not None
    pid: int = row["pid"]
    return pid


async def _kept_pid(database: Database) -> int:
    async with database.keep() as connection:
        return await _pid(connection)


async def test_it_is_used_again_also_after_a_refused_statement(narrow: Database) -> None:
    """A row that PostgreSQL refuses tells nothing against the connection."""
    first = await _kept_pid(narrow)
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with narrow.keep() as connection:
            await connection.fetch("SELECT 1 / 0")
    assert await _kept_pid(narrow) == first


async def test_half_of_the_connections_are_left_to_others(narrow: Database) -> None:
    """Of two that were in use at once one is kept; whoever borrows another gets it."""
    async with narrow.keep() as one, narrow.keep() as two:
        pids = {await _pid(one), await _pid(two)}
    async with narrow.connect() as other, narrow.keep() as kept:
        assert {await _pid(other), await _pid(kept)} == pids


async def test_one_that_the_server_has_cut_is_replaced(narrow: Database, database: Database) -> None:
    """As after a restart of PostgreSQL: the next statement meets no error."""
    first = await _kept_pid(narrow)
    kept: Any
    (kept,) = narrow._kept  # noqa: SLF001
    driver = kept._con  # noqa: SLF001
    await database.execute("SELECT pg_terminate_backend($1)", first)

    async def is_known() -> bool:  # PostgreSQL says that it has ended a moment before it closes the connection
        return bool(driver.is_closed())

    await eventually(is_known)
    for _ in range(3):
        assert await _kept_pid(narrow) != first


async def test_one_that_does_not_answer_is_given_up_at_once(database_url: str) -> None:
    """Nobody waits for it a second time, nor gets it again."""
    answer_s = 3.0
    async with _pool_of_two(database_url, answer_s=answer_s) as hasty:
        first = await _kept_pid(hasty)
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            async with hasty.keep() as connection:
                await connection.execute("SELECT pg_sleep(60)")
        assert time.monotonic() - began < 2 * answer_s
        assert await _kept_pid(hasty) != first
