"""What stewards notice of the two stores: the state of each is made by hand, one look has to tell what it is."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from jobs import keys, stewardship
from jobs.cancelling import cancel_until_ended
from jobs.errors import StoreUnavailableError, UnfitRedisError
from jobs.history import HistoryWriter
from jobs.pause import Pauses
from jobs.quotas import Quotas
from jobs.rebuild import Copies, Rebuilder
from jobs.scribe import Scribe
from jobs.settings import load_settings
from jobs.stewardship import Stewardship
from jobs.stores.both import Both
from jobs.stores.database import Database
from jobs.stores.meeting import meet
from jobs.stores.pauses import PauseStore
from jobs.stores.quotas import QuotaStore
from jobs.stores.redis import connect_redis
from jobs.stores.site import SiteStore
from jobs.strays import Strays
from jobs.watch import Loss, Watch
from tests.support.both import both_of, mender_of
from tests.support.conditions import eventually

_LEASE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Both stores, and stewards to look at them."""

    environ: Mapping[str, str]
    database: Database
    redis: Redis
    both: Both

    def watch(self, steward: str = "one", *, lease_s: float = _LEASE_S) -> Watch:
        """Give a steward of this name."""
        scribe = Scribe(self.both.jobs)
        site = SiteStore(self.database, steward=steward, lease_s=lease_s)
        pauses = Pauses(PauseStore(self.database, self.redis))
        settings = load_settings(self.environ)
        store = QuotaStore(self.database, self.redis, tiers=settings.quotas, patience_s=5)
        quotas = Quotas(store, database=self.database)
        copies = Copies(pauses=pauses, quotas=quotas, settings=settings, queues=("data_sync",))
        strays = Strays(self.both, scribe=scribe, queues=("data_sync",))
        rebuilder = Rebuilder(
            self.both, site=site, mender=mender_of(self.both), scribe=scribe, strays=strays, copies=copies
        )
        return Watch(site=site, mark=self.both.mark, rebuilder=rebuilder)

    async def in_order(self, steward: str = "one") -> Watch:
        """Let a steward bring a new site in order."""
        watch = self.watch(steward)
        await watch.begin()
        assert await watch.look() is Loss.FLUSHED
        assert await watch.look() is None
        return watch


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores. Workers are given two seconds to renew their leases after a loss."""
    environ = {**environ, "JOBS_LEASE_MS": "3000", "JOBS_RENEW_MS": "1000"}
    redis = connect_redis(environ["REDIS_URL"], patience_s=5)
    yield Stage(environ=environ, database=database, redis=redis, both=both_of(database, redis))
    await redis.aclose(close_connection_pool=True)


async def _site(stage: Stage, column: str) -> object:
    row = await stage.database.fetch_row("SELECT * FROM site")
    assert row is not None
    return row[column]


async def test_both_stores_hold_the_epoch(stage: Stage) -> None:
    """It begins with the site's own name, and claims are not held when all is in order."""
    await stage.in_order()
    epoch = await stage.both.mark.epoch()
    assert epoch == await _site(stage, "epoch")
    assert epoch.startswith(f"{await _site(stage, 'site_id')}:")
    assert await stage.redis.exists(keys.HOLD) == 0


async def test_an_emptied_redis_is_noticed(stage: Stage) -> None:
    """It gets another name than before, so that what is still on its way to the old one is refused."""
    watch = await stage.in_order()
    before = await stage.both.mark.epoch()
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    assert await stage.both.mark.epoch() not in {"", before}
    assert await watch.look() is None


async def test_a_redis_that_went_back_in_time_is_noticed(stage: Stage) -> None:
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


async def test_workers_wait_on_a_server_that_no_steward_has_looked_at(stage: Stage) -> None:
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


async def _meet(stage: Stage) -> None:
    """Connect as a worker does."""
    worker = connect_redis(stage.environ["REDIS_URL"], patience_s=5, greeting=meet)
    await worker.ping()
    await worker.aclose(close_connection_pool=True)


async def test_another_server_is_noticed(stage: Stage) -> None:
    """Even if its tick is right: it may lack what was written since."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET redis = 'that of before'")
    assert await watch.look() is Loss.REPLACED
    assert await watch.look() is None


async def test_a_postgresql_that_went_back_in_time_is_noticed(stage: Stage) -> None:
    """Its tick is lower than that of Redis."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET tick = tick - 60000")
    assert await watch.look() is Loss.RESTORED
    assert await watch.look() is None


async def test_another_sites_redis_is_refused(stage: Stage) -> None:
    """At the start, and also when it takes the place of the right one. Nothing in it is changed."""
    watch = await stage.in_order()
    await stage.redis.set(keys.EPOCH, "another-site:1")
    with pytest.raises(UnfitRedisError, match="another site"):
        await watch.look()
    with pytest.raises(UnfitRedisError, match="another site"):
        await stage.watch("two").begin()
    assert await stage.redis.get(keys.EPOCH) == b"another-site:1"


async def test_one_steward_looks_at_a_time(stage: Stage) -> None:
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


async def test_a_rebuild_that_was_broken_off_is_begun_again(stage: Stage) -> None:
    """Whoever has the lease next sees that the site is not in order, though the marks agree."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET rebuilt_at = NULL")
    assert await watch.look() is Loss.UNFINISHED
    assert await watch.look() is None


async def _store_many(stage: Stage, amount: int) -> None:
    """Accept jobs of three owners in turn, and tell Redis nothing of them."""
    await stage.database.execute(
        """
        INSERT INTO jobs (id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at)
        SELECT
            lpad(to_hex(number), 32, '0'), 't', 'data_sync', 'owner ' || number % 3, 'queued', 5, '{}', '{}', 3, 60,
            now() - interval '1 hour' + number * interval '1 second'
        FROM generate_series(1, $1::integer) AS number
        """,
        amount,
    )


async def _assert_in_line(stage: Stage, amount: int) -> None:
    """Each owner's jobs stand as they were accepted, and each behind all of his before it."""
    scores = dict(await stage.redis.zrange(keys.queue("data_sync"), 0, -1, withscores=True))
    assert len(scores) == amount
    for owner in range(3):
        line = await stage.redis.zrange(keys.line("data_sync", f"owner {owner}"), 0, -1)
        assert [int(job_id, 16) for job_id in line] == [n for n in range(1, amount + 1) if n % 3 == owner]
        places = [scores[job_id] for job_id in line]
        assert places == sorted(set(places))


async def test_pages_of_jobs_are_put_in_line_as_they_were_accepted(stage: Stage) -> None:
    """The next page is looked at before the last is in line; it comes behind it all the same."""
    watch = await stage.in_order()
    await _store_many(stage, 1_000)
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    await _assert_in_line(stage, 1_000)
    assert await watch.look() is None


async def test_a_redis_that_changes_meanwhile_ends_a_rebuild(stage: Stage) -> None:
    """Nothing of it goes on behind the back of who begins anew."""
    watch = await stage.in_order()
    await _store_many(stage, 1_000)
    await stage.redis.flushdb()
    before = asyncio.all_tasks()
    async with stage.database.transaction() as connection:
        await connection.execute("LOCK TABLE jobs")
        looking = asyncio.create_task(watch.look())

        async def looks_for_jobs() -> bool:
            return await _waits_for_a_lock(stage)

        await eventually(looks_for_jobs)
        await stage.redis.set(keys.EPOCH, f"{await _site(stage, 'site_id')}:another")
    with pytest.raises(StoreUnavailableError, match="not what it was"):
        await looking
    assert asyncio.all_tasks() == before
    assert await stage.redis.zcard(keys.queue("data_sync")) == 0
    assert await watch.look() is not None
    await _assert_in_line(stage, 1_000)


async def _waits_for_a_lock(stage: Stage) -> bool:
    row = await stage.database.fetch_row("SELECT count(*) AS amount FROM pg_locks WHERE NOT granted")
    return row is not None and row["amount"] > 0


async def test_a_steward_that_has_lost_its_lease_stops_rebuilding(stage: Stage) -> None:
    """It may have been silent for long: the content is another steward's by now."""
    watch = await stage.in_order()
    site = SiteStore(stage.database, steward="one", lease_s=_LEASE_S)
    await stage.database.execute("UPDATE site SET steward = 'two'")
    with pytest.raises(StoreUnavailableError, match="another steward"):
        await site.keep()
    with pytest.raises(StoreUnavailableError, match="another steward"):
        await site.begin("epoch")
    assert await watch.look() is None


async def test_a_round_that_does_not_end_is_told_of(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the watchdog: somebody holds the site's row, and the stores are compared no more. Then they are again."""
    monkeypatch.setattr(stewardship, "_LONGEST_ROUND_S", 0.0)
    watch = await stage.in_order()
    history = HistoryWriter(events=stage.both.events, scribe=Scribe(stage.both.jobs))
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
