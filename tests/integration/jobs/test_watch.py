"""What stewards notice of the two stores: the state of each is made by hand, one look has to tell what it is."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from jobs import keys, stewardship
from jobs.audit import Actor
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.history import HistoryWriter
from jobs.pause import Pauses
from jobs.reconcile import Reconciler
from jobs.recover import Recoverer
from jobs.registry import TaskTable
from jobs.restore import Restorer
from jobs.scribe import Scribe
from jobs.stewardship import Stewardship
from jobs.stores.database import Database
from jobs.stores.meeting import meet
from jobs.stores.pauses import PauseStore
from jobs.stores.redis import connect_redis
from jobs.stores.site import SiteStore
from jobs.watch import Loss
from tests.support.accepted import accepted
from tests.support.both import mender_of
from tests.support.conditions import eventually
from tests.support.watching import LEASE_S, Watched, watched_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Watched]:
    """Give empty stores."""
    async with watched_of(environ, database) as stage:
        yield stage


async def test_both_stores_hold_the_epoch(stage: Watched) -> None:
    """It begins with the site's own name, and claims are not held when all is in order."""
    await stage.in_order()
    epoch = await stage.both.mark.epoch()
    assert epoch == (await stage.site())["epoch"]
    assert epoch.startswith(f"{(await stage.site())['site_id']}:")
    assert await stage.redis.exists(keys.HOLD) == 0


async def test_an_emptied_redis_is_noticed(stage: Watched) -> None:
    """It gets another name than before, so that what is still on its way to the old one is refused."""
    watch = await stage.in_order()
    before = await stage.both.mark.epoch()
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    assert await stage.both.mark.epoch() not in {"", before}
    assert await watch.look() is None


async def test_an_emptied_redis_takes_no_job_before_it_is_rebuilt(stage: Watched) -> None:
    """It has lost the pauses too: whoever looks for lost jobs may be faster than who brings back all."""
    watch = await stage.in_order()
    pauses = Pauses(PauseStore(stage.database, stage.redis))
    await pauses.pause("data_sync", by=Actor(name="ann"))
    await accepted(stage.database, 3)
    await stage.redis.flushdb()
    await stage.both.events.open()
    restorer = Restorer(stage.both, tasks=TaskTable([]), turn_s=30)
    reconciler = Reconciler(stage.both, mender=mender_of(stage.both), queues=["data_sync"], age_s=0)
    for look in (Recoverer(stage.both, restorer=restorer, age_s=0).look, reconciler.look):
        with pytest.raises(StoreUnavailableError, match="no steward"):
            await look()
    assert await stage.redis.exists(keys.queue("data_sync")) == 0
    assert await watch.look() is Loss.FLUSHED
    assert await stage.redis.zcard(keys.queue("data_sync")) == 3
    assert await stage.redis.hexists(keys.PAUSED, "data_sync")  # type: ignore[misc]


async def test_a_redis_that_went_back_in_time_is_noticed(stage: Watched) -> None:
    """Its tick is not the last one that was written; or it has the name of an earlier content."""
    watch = await stage.in_order()
    tick, epoch = await stage.redis.get(keys.TICK), await stage.redis.get(keys.EPOCH)
    assert await watch.look() is None
    await stage.redis.set(keys.TICK, tick)
    assert await watch.look() is Loss.ROLLED_BACK
    assert await watch.look() is None
    await stage.redis.set(keys.EPOCH, epoch)
    assert await watch.look() is Loss.ROLLED_BACK
    assert await watch.look() is None


async def test_workers_wait_on_a_server_that_no_steward_has_looked_at(stage: Watched) -> None:
    """Their connections say so, as they may be there before him; he and they name a server in the same words."""
    watch = await stage.in_order()
    server = await stage.redis.get(keys.SERVER)
    await _meet(stage)
    assert await stage.redis.exists(keys.HOLD) == 0
    await stage.database.execute("UPDATE site SET redis = 'that of before'")
    await stage.redis.set(keys.SERVER, "that of before")
    await _meet(stage)
    assert await stage.redis.pttl(keys.HOLD) > 0
    assert await stage.redis.get(keys.SERVER) == server
    assert await watch.look() is Loss.REPLACED
    await _meet(stage)
    assert await stage.redis.exists(keys.HOLD) == 0


async def _meet(stage: Watched) -> None:
    """Connect as a worker does."""
    worker = connect_redis(stage.environ["REDIS_URL"], patience_s=5, greeting=meet)
    await worker.ping()
    await worker.aclose(close_connection_pool=True)


async def test_another_server_is_noticed(stage: Watched) -> None:
    """Even if its tick is right: it may lack what was written since."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET redis = 'that of before'")
    assert await watch.look() is Loss.REPLACED
    assert await watch.look() is None


async def test_a_postgresql_that_went_back_in_time_is_noticed(stage: Watched) -> None:
    """Its tick is lower than that of Redis."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET tick = tick - 60000")
    assert await watch.look() is Loss.RESTORED
    assert await watch.look() is None


async def test_another_sites_redis_is_refused(stage: Watched) -> None:
    """At the start, and also when it takes the place of the right one. Nothing in it is changed."""
    watch = await stage.in_order()
    await stage.redis.set(keys.EPOCH, "another-site:1")
    with pytest.raises(UnfitRedisError, match="another site"):
        await watch.look()
    with pytest.raises(UnfitRedisError, match="another site"):
        await stage.watch("two").begin()
    assert await stage.redis.get(keys.EPOCH) == b"another-site:1"


async def test_one_steward_looks_at_a_time(stage: Watched) -> None:
    """The others see to it when it has left, or has been silent for as long as its lease."""
    first, second = await stage.in_order(), stage.watch("two", lease_s=0.2)
    await stage.redis.flushdb()
    assert await second.look() is None
    await first.close()
    assert await second.look() is Loss.FLUSHED
    assert await first.look() is None
    await asyncio.sleep(0.3)  # its lease
    await stage.redis.flushdb()
    assert await first.look() is Loss.FLUSHED


async def test_a_steward_that_has_lost_its_lease_stops_rebuilding(stage: Watched) -> None:
    """It may have been silent for long: the content is another steward's by now."""
    watch = await stage.in_order()
    site = SiteStore(stage.database, steward="one", lease_s=LEASE_S)
    await stage.database.execute("UPDATE site SET steward = 'two'")
    with pytest.raises(StoreUnavailableError, match="another steward"):
        await site.keep()
    with pytest.raises(StoreUnavailableError, match="another steward"):
        await site.begin("epoch")
    assert await watch.look() is None


async def test_a_round_that_does_not_end_is_told_of(stage: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the watchdog: somebody holds the site's row, and the stores are compared no more. Then they are again."""
    monkeypatch.setattr(stewardship, "_LONGEST_ROUND_S", 0.0)
    watch = await stage.in_order()
    history = HistoryWriter(events=stage.both.events, scribe=Scribe(stage.both.jobs, stage.both.queue))
    steward = Stewardship(watch=watch, history=history, others={})
    running = asyncio.create_task(watch.run())
    try:
        async with stage.database.transaction() as connection:
            await connection.execute("SELECT FROM site FOR UPDATE")

            async def stands_still() -> bool:
                return steward.stuck(1.5) == ["watch"]

            await eventually(stands_still)

        async def comes_round() -> bool:
            return steward.stuck(1.5) == []

        await eventually(comes_round)
    finally:
        await cancel_until_ended([running], again_s=1.0)
