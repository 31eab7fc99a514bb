"""The client while what it talks to goes away: one job whatever was cut, no event missed, no limit passed."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from app.client import BatchEvent, Client, ClientError, ConflictError, JobEvent, Patience, RateLimitedError
from jobs import keys
from jobs.stores.database import Database
from tests.support.conditions import eventually
from tests.support.processes import web_process, worker_process
from tests.support.relay import relay_to
from tests.support.site import ADMIN_KEY, running_app

pytestmark = pytest.mark.usefixtures("stores_stay")

_QUICKLY = Patience(first_s=0.05, most_s=0.2)
_KEY = "a-key-of-the-test-s"
_WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE '%INSERT INTO jobs%'"


async def test_a_submission_that_is_broken_off_leads_to_one_job(environ: Mapping[str, str], database: Database) -> None:
    """The web process dies while PostgreSQL takes the job; another comes up at its address, and knows the key.

    Until the first is out of flight that answers 409, which the client waits out.
    """
    environ = {**environ, "APP_STORE_PATIENCE_S": "30"}
    told = asyncio.Queue[ClientError]()

    async def waits() -> bool:
        return bool(await database.fetch(_WAITS))

    async with web_process(environ) as (web, admin):
        url = admin.base_url
        async with Client(
            str(url), ADMIN_KEY, patience=_QUICKLY, retrying=lambda error, _: told.put_nowait(error)
        ) as client:
            blocker = await asyncpg.connect(environ["DATABASE_URL"])
            async with blocker.transaction():
                await blocker.execute("LOCK TABLE jobs IN EXCLUSIVE MODE")
                submission = asyncio.create_task(client.jobs.submit("diag.noop", idempotency_key=_KEY))
                await eventually(waits)
                await web.kill()
            await blocker.close()
            async with web_process(environ, port=url.port or 0):
                while not isinstance(await told.get(), ConflictError):
                    pass
                await _pass_flight(environ["REDIS_URL"])
                job = await submission
    assert [row["id"] for row in await database.fetch("SELECT id FROM jobs")] == [job["id"]]


async def test_events_go_on_where_they_were(environ: Mapping[str, str]) -> None:
    """The web process dies while a batch is followed, and its jobs end while there is none: each end is told once."""
    async with worker_process(environ, "data_sync:2"), web_process(environ) as (web, admin):
        url = admin.base_url
        async with Client(str(url), ADMIN_KEY, patience=_QUICKLY) as client:
            batch = await client.batches.submit([{"task": "diag.sleep", "args": {"seconds": 0.05}} for _ in range(40)])
            ended: Counter[str] = Counter()
            events = client.batches.follow(batch["id"])
            async for event in events:
                ended.update(_ends(event))
                if ended.total() >= 3:
                    break
            await web.kill()
            async with web_process(environ, port=url.port or 0):
                last = None
                async for event in events:
                    ended.update(_ends(event))
                    last = event
    assert set(ended.values()) == {1}
    assert len(ended) == 40
    assert isinstance(last, BatchEvent)
    assert last.batch["state"] == "succeeded"


async def test_a_stream_may_be_cut_anywhere(environ: Mapping[str, str]) -> None:
    """Within what is shown first, which is shown anew then, and within a change: each is told, and told once."""
    async with (
        worker_process(environ, "data_sync:2"),
        web_process(environ) as (_, admin),
        relay_to(admin.base_url.port or 0, cuts=(2_500, 9_000, 15_000, 700, 1_500, 3_000)) as relay,
        Client(relay, ADMIN_KEY, patience=_QUICKLY) as follower,
        Client(str(admin.base_url), ADMIN_KEY) as client,
    ):
        batch = await client.batches.submit([{"task": "diag.noop", "delay_s": 60} for _ in range(20)])
        seen: Counter[tuple[str, str]] = Counter()
        async for event in follower.batches.follow(batch["id"]):
            if isinstance(event, JobEvent):
                seen[event.change["id"], event.change["state"]] += 1
            if len(seen) == 20 and not any(state == "cancelled" for _, state in seen):
                await client.batches.cancel(batch["id"])
    assert len({job_id for job_id, _ in seen}) == 20
    assert [times for (_, state), times in seen.items() if state == "cancelled"] == [1] * 20


async def test_it_waits_as_long_as_it_is_told(environ: Mapping[str, str]) -> None:
    """A rate limit is used up: what exceeds the patience is raised, with the seconds; else it waits, and is let in."""
    environ = {**environ, "RATELIMIT_TIERS": "admin.default=20/minute burst 1"}
    waits: list[tuple[ClientError, float]] = []
    async with running_app(environ) as app:
        line = httpx.ASGITransport(app=app)
        async with Client("http://site", ADMIN_KEY, http=line, retrying=lambda *wait: waits.append(wait)) as client:
            async with Client("http://site", ADMIN_KEY, http=line, patience=Patience(total_s=0)) as hasty:
                answers = await asyncio.gather(*(hasty.queues.list() for _ in range(2)), return_exceptions=True)
            (refused,) = [answer for answer in answers if isinstance(answer, RateLimitedError)]
            assert refused.retry_after_s is not None
            assert refused.retry_after_s >= 1
            assert await client.queues.list()
    assert [type(error) for error, _ in waits] == [RateLimitedError]
    ((error, pause_s),) = waits
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s is not None
    assert pause_s >= error.retry_after_s


def _ends(event: object) -> list[str]:
    """Give the job whose end an event tells."""
    if isinstance(event, JobEvent) and event.change.get("state") == "succeeded":
        return [event.change["id"]]
    return []


async def _pass_flight(redis_url: str) -> None:
    """Let the half minute seem over for which a key stays in flight whose submission nobody ends."""
    async with Redis.from_url(redis_url) as redis:
        name = keys.idempotency("admin", _KEY)
        state, _, *rest = (await redis.get(name)).split(b" ")
        assert state == b"busy"
        await redis.set(name, b" ".join((state, b"0", *rest)))
