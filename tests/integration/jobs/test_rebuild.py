"""A loss is made good: page by page and in order, by the one steward with the lease, while nothing is claimed."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from jobs import codec, keys, rebuild, scribe
from jobs.errors import StoreUnavailableError
from jobs.stores.database import Database
from jobs.stores.entries import Entries
from jobs.stores.jobs import JobStore
from jobs.stores.site import SiteStore
from jobs.watch import Loss
from tests.support.conditions import eventually
from tests.support.watching import Watched, watched_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Watched]:
    """Give empty stores."""
    async with watched_of(environ, database) as stage:
        yield stage


async def test_a_rebuild_that_was_broken_off_is_begun_again(stage: Watched) -> None:
    """Whoever has the lease next sees that the site is not in order, though the marks agree."""
    watch = await stage.in_order()
    await stage.database.execute("UPDATE site SET rebuilt_at = NULL")
    assert await watch.look() is Loss.UNFINISHED
    assert await watch.look() is None


async def test_one_that_is_begun_again_waits_for_the_workers_too(
    stage: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one before has restored their jobs, and was broken off while it waited."""
    watch = await stage.in_order()
    await _store_many(stage, 3)
    await stage.redis.flushdb()

    async def fail(_: SiteStore) -> None:
        raise StoreUnavailableError("PostgreSQL: no answer")

    with monkeypatch.context() as away:
        away.setattr(SiteStore, "keep", fail)
        with pytest.raises(StoreUnavailableError, match="no answer"):
            await watch.look()
    assert await stage.redis.zcard(keys.queue("data_sync")) == 3
    began = time.monotonic()
    assert await watch.look() is Loss.UNFINISHED
    assert time.monotonic() - began >= 2.0  # twice the time between two renewals of a lease
    assert await watch.look() is None


async def _store_many(stage: Watched, amount: int) -> None:
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


async def test_jobs_of_a_clock_that_was_ahead_are_put_in_line_too(stage: Watched) -> None:
    """PostgreSQL's has been set back since, or a web process took them whose clock is ahead."""
    watch = await stage.in_order()
    await _store_many(stage, 3)
    await stage.database.execute("UPDATE jobs SET accepted_at = accepted_at + interval '2 hours'")
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    await _assert_in_line(stage, 3)


async def _assert_in_line(stage: Watched, amount: int) -> None:
    """Each owner's jobs stand as they were accepted, and each behind all of his before it."""
    scores = dict(await stage.redis.zrange(keys.queue("data_sync"), 0, -1, withscores=True))
    assert len(scores) == amount
    for owner in range(3):
        line = await stage.redis.zrange(keys.line("data_sync", f"owner {owner}"), 0, -1)
        assert [int(job_id, 16) for job_id in line] == [n for n in range(1, amount + 1) if n % 3 == owner]
        places = [scores[job_id] for job_id in line]
        assert places == sorted(set(places))


async def test_pages_of_jobs_are_put_in_line_as_they_were_accepted(stage: Watched) -> None:
    """The next page is looked at before the last is in line; it comes behind it all the same."""
    watch = await stage.in_order()
    await _store_many(stage, 1_000)
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    await _assert_in_line(stage, 1_000)
    assert await watch.look() is None


async def test_a_redis_that_changes_meanwhile_ends_a_rebuild(stage: Watched) -> None:
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
        await stage.redis.set(keys.EPOCH, f"{(await stage.site())['site_id']}:another")
    with pytest.raises(StoreUnavailableError, match="not what it was"):
        await looking
    assert asyncio.all_tasks() == before
    assert await stage.redis.zcard(keys.queue("data_sync")) == 0
    assert await watch.look() is not None
    await _assert_in_line(stage, 1_000)


async def _waits_for_a_lock(stage: Watched) -> bool:
    row = await stage.database.fetch_row("SELECT count(*) AS amount FROM pg_locks WHERE NOT granted")
    return row is not None and row["amount"] > 0


async def test_the_lease_and_the_hold_last_however_much_is_in_line(
    stage: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each page that is looked at for strangers they are taken for longer."""
    watch = await stage.in_order()
    await _store_many(stage, 2_000)
    await stage.redis.flushdb()
    assert await watch.look() is Loss.FLUSHED
    monkeypatch.setattr(rebuild, "_KEPT_EACH_S", 0.0)
    read_page = Entries.page
    leases, holds = [], []

    async def page(entries: Entries, queue: str, cursor: int) -> tuple[int, list[str]]:
        leases.append((await stage.site())["steward_until"])
        holds.append(await stage.redis.pttl(keys.HOLD))
        await stage.redis.pexpire(keys.HOLD, 5_000)
        return await read_page(entries, queue, cursor)

    monkeypatch.setattr(Entries, "page", page)
    await stage.database.execute("UPDATE site SET redis = 'that of before'")
    assert await watch.look() is Loss.REPLACED
    assert len(leases) >= 5
    assert leases == sorted(set(leases))
    assert min(holds) > 5_000


async def test_the_lease_and_the_hold_last_however_much_is_to_be_written(
    stage: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each part of the history they are taken for longer."""
    watch = await stage.in_order()
    await stage.both.events.open()
    told = {"run": "1", "v": "1", "state": "queued", "at": "1"}
    for number in range(40):
        await stage.redis.xadd(keys.EVENTS, {"events": codec.dumps([{"id": f"{number:0300}", **told}])})
    monkeypatch.setattr(rebuild, "_KEPT_EACH_S", 0.0)
    monkeypatch.setattr(scribe, "_MOST_BYTES", 1_000)
    apply, leases, holds = JobStore.apply, [], []

    async def applied(jobs: JobStore, events: bytes) -> list[str]:
        leases.append((await stage.site())["steward_until"])
        holds.append(await stage.redis.pttl(keys.HOLD))
        await stage.redis.pexpire(keys.HOLD, 5_000)
        return await apply(jobs, events)

    monkeypatch.setattr(JobStore, "apply", applied)
    await stage.database.execute("UPDATE site SET redis = 'that of before'")
    assert await watch.look() is Loss.REPLACED
    assert len(leases) == 20
    assert leases == sorted(set(leases))
    assert min(holds) > 5_000


@pytest.mark.parametrize("result", [b"null", b'{"s":true,"r":1,"ft":1,"t":[1]}'])
async def test_a_result_that_is_none_does_not_keep_the_site_on_hold(stage: Watched, result: bytes) -> None:
    """The others are put in line."""
    watch = await stage.in_order()
    await _store_many(stage, 3)
    await stage.redis.flushdb()
    await stage.redis.set(keys.RESULT + f"{1:032x}", result)
    assert await watch.look() is Loss.FLUSHED
    assert await watch.look() is None
    assert await stage.redis.zcard(keys.queue("data_sync")) == 2
