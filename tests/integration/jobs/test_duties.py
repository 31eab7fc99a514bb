"""A duty of a steward meets what breaks it, again and again: the others go on, log and watchdog are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from redis.asyncio import Redis

from jobs import keys, loops, stewardship
from jobs.cancelling import cancel_until_ended
from jobs.errors import UnfitRedisError
from jobs.ids import new_process_name
from jobs.settings import load_settings
from jobs.stewardship import Stewardship, Stores, stewards_database
from jobs.stores.database import Database
from jobs.stores.redis import connect_redis
from tests.support.batches import end_of_batch, noops, submit_batch
from tests.support.conditions import eventually
from tests.support.site import end_of, running_worker, submit, tasks_of

_PATIENCE_S = 5.0

# As one bad row does, for whoever comes upon it.
_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no end for %', new.id; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON batches FOR EACH ROW WHEN (new.finished_at IS NOT NULL)
EXECUTE FUNCTION refuse();
"""


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the loops that have broken, as the log has them."""
    names: list[str] = []

    def tell(event: str, *, loop: str) -> None:
        assert event == "loop_broke"
        names.append(loop)

    monkeypatch.setattr(loops.log, "exception", tell)
    monkeypatch.setattr(loops, "_AGAIN_S", 0.05)
    return names


@asynccontextmanager
async def _steward(environ: dict[str, str]) -> AsyncIterator[tuple[Stewardship, asyncio.Task[None]]]:
    """Let a steward of this process bring the site in order; give it, and its task."""
    settings, tasks = load_settings(environ), tasks_of(environ)
    redis = connect_redis(environ["REDIS_URL"], patience_s=_PATIENCE_S)
    async with stewards_database(settings) as database:
        stores = Stores(
            database=database, redis=redis, listening=redis, name=new_process_name(), patience_s=_PATIENCE_S
        )
        steward = Stewardship.of(settings, tasks, stores)
        working = asyncio.create_task(steward.run())
        try:
            await eventually(lambda: redis.exists(keys.SERVER))
            yield steward, working
        finally:
            await cancel_until_ended([working], again_s=1.0)
            await steward.close()
            await redis.aclose(close_connection_pool=True)


async def test_a_row_that_one_cannot_take_stops_no_other(
    web: httpx.AsyncClient, environ: dict[str, str], database: Database, told: list[str]
) -> None:
    """The history is written, jobs run; and what could not be done is, once it can."""
    await database.execute(_REFUSE)
    async with running_worker(environ):
        batch = await submit_batch(web, noops(1))

        async def breaks_again() -> bool:
            return told.count("batch-close") > 1

        await eventually(breaks_again)
        assert (await end_of(web, (await submit(web, "diag.noop"))["id"]))["state"] == "succeeded"

        async def all_are_written() -> bool:
            return not await database.fetch("SELECT FROM jobs WHERE finished_at IS NULL")

        await eventually(all_are_written)
        await database.execute("DROP TRIGGER refuse ON batches")
        assert (await end_of_batch(web, batch["id"]))["state"] == "succeeded"
    assert set(told) == {"batch-close"}


async def test_a_key_that_a_worker_cannot_look_at_ends_no_worker(
    site: httpx.AsyncClient, redis_url: str, told: list[str]
) -> None:
    """It would end each of them, and again after each restart; what else a worker does goes on."""
    async with Redis.from_url(redis_url) as redis:
        await redis.set(keys.EXPIRY, "no sorted set")

        async def breaks_again() -> bool:
            return told.count("ticker") > 1

        await eventually(breaks_again)
        await redis.delete(keys.EXPIRY)
        assert (await end_of(site, (await submit(site, "diag.noop"))["id"]))["state"] == "succeeded"
        told.clear()
        expiring = await submit(site, "diag.noop", delay_s=60, expires_in_s=1)
        assert (await end_of(site, expiring["id"]))["state"] == "expired"
    assert "ticker" not in told


async def test_a_history_that_breaks_each_time_counts_as_stuck(
    environ: dict[str, str], redis_url: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it begins anew; it is not any more once it has come round. It can be stopped meanwhile."""
    monkeypatch.setattr(stewardship, "_LONGEST_ROUND_S", 0.0)
    async with _steward(environ) as (steward, working), Redis.from_url(redis_url) as redis:
        for _ in range(2):
            await redis.set(keys.EVENTS, "no stream")

            async def is_stuck() -> bool:
                return steward.stuck(2.0) == ["history"]

            await eventually(is_stuck)
            assert told.count("history") > 1
            await redis.delete(keys.EVENTS)

            async def comes_round() -> bool:
                return not steward.stuck(2.0)

            await eventually(comes_round)
            told.clear()
        await redis.set(keys.EVENTS, "no stream")
        assert not working.done()


async def test_a_redis_of_another_site_ends_it_all(environ: dict[str, str], redis_url: str, told: list[str]) -> None:
    """No further try mends that, and to go on would do harm."""
    async with _steward(environ) as (_, working), Redis.from_url(redis_url) as redis:
        await redis.set(keys.EPOCH, "another:noise")
        with pytest.raises(UnfitRedisError):
            await working
    assert told == []
