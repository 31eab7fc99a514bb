"""A cache is closed for sure."""

import asyncio

import pytest

from jobs.cache.drops import Drops
from jobs.cache.opened import open_cache
from jobs.stores.database import Database


async def test_it_is_closed_though_a_loop_has_lost_its_cancellation(
    redis_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As redis-py may lose one before Python 3.12: the loop is told again."""

    async def deaf(_: Drops) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    monkeypatch.setattr(Drops, "run", deaf)
    async with asyncio.timeout(20):
        async with open_cache(redis_url, database, patience_s=1):
            await asyncio.sleep(0)  # its loops begin
