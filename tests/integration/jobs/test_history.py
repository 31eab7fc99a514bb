"""The history: events become rows, in whatever order and however often they come."""

import random
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from jobs import codec, keys
from jobs.errors import StoreUnavailableError
from jobs.history import HistoryWriter
from jobs.model import State
from jobs.scribe import Scribe
from jobs.stores.database import Database
from jobs.stores.events import Events, Keep
from jobs.stores.jobs import JobStore
from jobs.stores.redis import connect_redis
from jobs.stores.tail import Tail
from tests.chaos.outages import stopped
from tests.support.accepted import accepted
from tests.support.both import both_of
from tests.support.conditions import eventually
from tests.support.servers import Servers

_AT = 1_764_000_000_000
_GONE_MS = 2_000
_FAILURE = codec.dumps({"type": "E", "message": "m", "fingerprint": "f"}).decode()

# What a job with one retry tells, in its order.
_LIFE: tuple[dict[str, str], ...] = (
    {"state": "queued"},
    {"state": "running", "try": "1", "worker": "a"},
    {"state": "retrying", "try": "1", "error": _FAILURE},
    {"state": "queued", "try": "1"},
    {"state": "running", "try": "2", "worker": "b"},
    {"state": "succeeded", "try": "2", "result": "42"},
)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of the test's Redis."""
    client = connect_redis(redis_url, patience_s=10)
    yield client
    await client.aclose(close_connection_pool=True)


def _life_of(job_id: str, *, run: int = 1) -> list[dict[str, str]]:
    return [
        {"id": job_id, "run": str(run), "v": str(100 + number), "at": str(_AT + number), **told}
        for number, told in enumerate(_LIFE)
    ]


async def _tell(redis: Redis, *entries: list[dict[str, str]]) -> None:
    for told in entries:
        await redis.xadd(keys.EVENTS, {"events": codec.dumps(told)})


def _scribe(database: Database, redis: Redis) -> Scribe:
    both = both_of(database, redis)
    return Scribe(both.jobs, both.queue)


async def _written(redis: Redis, database: Database, consumer: str = "one") -> HistoryWriter:
    writer = HistoryWriter(events=Events(redis, consumer=consumer), scribe=_scribe(database, redis))
    await Events(redis, consumer=consumer).open()
    while await writer.step(wait_ms=1):
        pass
    return writer


async def test_any_order_and_any_repetition_give_the_same_row(redis: Redis, database: Database) -> None:
    """Four hundred shuffles, each told in batches of random size, one event in three twice."""
    chance = random.Random(20)  # noqa: S311  no secret
    ids = await accepted(database, 400)
    told = [event for job_id in ids for event in _life_of(job_id)]
    told += chance.sample(told, len(told) // 3)
    chance.shuffle(told)
    while told:
        size = chance.randint(1, 60)
        await _tell(redis, told[:size])
        told = told[size:]
    await _written(redis, database)
    rows = await database.fetch(
        "SELECT DISTINCT state, tries, fence, version, result, error, started_at, finished_at FROM jobs"
    )
    assert len(rows) == 1
    row = rows[0]
    assert (row["state"], row["tries"], row["fence"], row["version"]) == ("succeeded", 2, 104, 105)
    assert (row["result"], row["error"]) == (42, None)
    assert (row["finished_at"] - row["started_at"]).total_seconds() == 0.001


async def test_a_later_run_wins_over_the_end_of_an_earlier_one(redis: Redis, database: Database) -> None:
    """And nothing of the earlier run counts any more, when it comes late."""
    (job_id,) = await accepted(database, 1)
    first, second = _life_of(job_id), _life_of(job_id, run=2)[:2]
    await _tell(redis, second, first)
    await _written(redis, database)
    job = await JobStore(database).get(job_id)
    assert job is not None
    assert (job.run, job.state, job.finished_at) == (2, State.RUNNING, None)


async def test_an_event_that_cannot_be_written_keeps_nobody_back(redis: Redis, database: Database) -> None:
    """Its neighbours of the same entry are written, and so is what comes after it."""
    ids = await accepted(database, 9)
    told = [event for job_id in ids for event in _life_of(job_id)]
    poison = {"id": ids[4], "run": "1", "v": "200", "at": str(_AT), "state": "running", "try": str(2**40)}
    await _tell(redis, [*told[:30], poison, *told[30:]])
    await _written(redis, database)
    rows = await database.fetch("SELECT count(*) AS ended FROM jobs WHERE state = 'succeeded'")
    assert rows[0]["ended"] == 9
    (dead,) = await database.fetch("SELECT told, reason FROM dead_events")
    assert codec.loads_plain(dead["told"]) == poison
    assert "integer" in dead["reason"]


async def test_text_that_postgresql_cannot_hold_is_written_without_it(redis: Redis, database: Database) -> None:
    """NUL becomes the replacement character, wherever it hides."""
    (job_id,) = await accepted(database, 1)
    life = _life_of(job_id)
    life[-1]["result"] = codec.dumps({"a\x00": ["\x00", "\\\\u0000"]}).decode()
    await _tell(redis, life)
    await _written(redis, database)
    job = await JobStore(database).get(job_id)
    assert job is not None
    assert job.result == {"a\ufffd": ["\ufffd", "\\\\u0000"]}


async def test_what_a_dead_writer_had_taken_is_written_by_another(redis: Redis, database: Database) -> None:
    """It was given to the dead one and never confirmed."""
    (job_id,) = await accepted(database, 1)
    dead, living = Events(redis, consumer="dead"), Events(redis, consumer="living")
    await dead.open()
    await _tell(redis, _life_of(job_id))
    assert len(await dead.next(most=10, wait_ms=1)) == 1
    assert await living.next(most=10, wait_ms=1) == []
    entries = await living.abandoned(most=10, idle_ms=0)
    assert codec.loads_plain(entries[0].events)[-1]["state"] == "succeeded"


async def test_the_stream_is_trimmed_behind_what_is_confirmed(redis: Redis, database: Database) -> None:
    """Never what somebody has not confirmed, nor what nobody has read."""
    ids = await accepted(database, 4)
    events = Events(redis, consumer="one", keep=Keep(ms=0))
    await events.open()
    await _tell(redis, *(_life_of(job_id) for job_id in ids))
    first = await events.next(most=1, wait_ms=1)
    second = await events.next(most=1, wait_ms=1)
    await events.confirm(second)
    await events.trim()
    assert await redis.xlen(keys.EVENTS) == 4
    await events.confirm(first)
    await events.trim()
    assert await redis.xlen(keys.EVENTS) == 3  # the last one read stays, and the two that nobody has read
    await _written(redis, database)
    rows = await database.fetch("SELECT count(*) AS ended FROM jobs WHERE state = 'succeeded'")
    assert rows[0]["ended"] == 2


async def test_a_writer_that_leaves_is_forgotten_unless_it_owes_something(redis: Redis, database: Database) -> None:
    """Names do not pile up; what is unconfirmed stays with its name until another takes it, who need not wait."""
    (job_id,) = await accepted(database, 1)
    tidy = await _written(redis, database, consumer="tidy")
    await tidy.finish()
    await tidy.leave()
    owing = Events(redis, consumer="owing")
    await _tell(redis, _life_of(job_id))
    await owing.next(most=10, wait_ms=1)
    await owing.leave()
    consumers = await redis.xinfo_consumers(keys.EVENTS, keys.HISTORY_GROUP)
    assert [one["name"] for one in consumers] == [b"owing"]
    assert len(await Events(redis, consumer="next").abandoned(most=10)) == 1


async def test_events_that_are_gone_are_an_outage(redis: Redis) -> None:
    """Whoever is at them when Redis is emptied tries again, and finds a stream."""
    events = Events(redis, consumer="one")
    await events.open()
    for call in (
        lambda: events.abandoned(most=10),
        lambda: events.has_confirmed(b"0-0"),
        events.trim,
        events.leave,
    ):
        await redis.flushdb()
        with pytest.raises(StoreUnavailableError, match="lost"):
            await call()
        await call()
    await redis.flushdb()
    assert await events.next(most=10, wait_ms=1) == []
    await redis.flushdb()
    assert await events.complete_until_ms() > 0


async def test_what_nobody_has_read_yet_makes_no_job_new(redis: Redis) -> None:
    """0 would mean that a job was never told of: it would be put in line again, though it has ended."""
    events = Events(redis, consumer="one")
    await events.open()
    await redis.xadd(keys.EVENTS, {"e": "[]"})
    assert await events.complete_until_ms() == 1


async def test_what_was_taken_over_in_vain_is_written_as_soon_as_it_can_be(
    redis: Redis, database: Database, servers: Servers
) -> None:
    """It is the writer's own from then on: nobody waits for another minute."""
    (job_id,) = await accepted(database, 1)
    dead = Events(redis, consumer="dead")
    await dead.open()
    await _tell(redis, _life_of(job_id))
    await dead.next(most=10, wait_ms=1)
    await dead.leave()
    writer = HistoryWriter(events=Events(redis, consumer="one"), scribe=_scribe(database, redis))
    async with stopped(servers.postgres):
        with pytest.raises(StoreUnavailableError):
            await writer.step(wait_ms=1)
    await writer.step(wait_ms=1)
    job = await JobStore(database).get(job_id)
    assert job is not None
    assert job.state is State.SUCCEEDED


async def test_what_is_no_event_keeps_nothing_back(redis: Redis, database: Database) -> None:
    """Bytes that are no text, no JSON, or no transitions, and an entry of somebody else's: they are put aside."""
    ids = await accepted(database, 2)
    odd = (
        b'[{"id":"\xff","run":"1","v":"1","state":"queued","at":"1"}]',
        b"[nothing]",
        b"[1]",
        b'[{"id":"a","row":5}]',
        b"[]",
        b"",
        b"5",
        b"{}",
    )
    await redis.xadd(keys.EVENTS, {"e": "whose"})
    for job_id, told in zip(ids * 4, odd, strict=True):
        await redis.xadd(keys.EVENTS, {"events": told})
        await _tell(redis, _life_of(job_id))
    writer = await _written(redis, database)
    rows = await database.fetch("SELECT state FROM jobs")
    assert [row["state"] for row in rows] == ["succeeded"] * 2
    assert await Events(redis, consumer="one").has_confirmed((await redis.xrevrange(keys.EVENTS, count=1))[0][0])
    buried = await database.fetch("SELECT told FROM dead_events")
    assert len(buried) == 4
    assert any("\ufffd" in row["told"] for row in buried)
    followed = await Tail(redis).last(100)
    assert {change.job_id for entry in followed for change in entry.changes} == set(ids)
    await writer.finish()


async def test_readers_that_were_killed_long_ago_are_forgotten(
    redis: Redis, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each restart would leave one for ever. Not one that owes something: what it was given would go with it."""
    monkeypatch.setattr("jobs.history._GONE_MS", _GONE_MS)
    group = (keys.EVENTS, keys.HISTORY_GROUP)

    async def readers() -> dict[str, tuple[int, int]]:
        found = await redis.xinfo_consumers(*group)
        return {one["name"].decode(): (one["pending"], one["idle"]) for one in found}

    ids = await accepted(database, 2)
    await _tell(redis, _life_of(ids[0]))
    await _written(redis, database, "killed")
    await _tell(redis, _life_of(ids[1]))
    assert len(await Events(redis, consumer="owing").next(most=10, wait_ms=1)) == 1

    async def are_silent() -> bool:
        return all(idle >= _GONE_MS for _, idle in (await readers()).values())

    await eventually(are_silent)
    await _written(redis, database, "living")
    left = await readers()
    assert "killed" not in left
    assert left["owing"][0] == 1
    (entry,) = await Events(redis, consumer="living").abandoned(most=10, idle_ms=0)
    await Events(redis, consumer="living").confirm([entry])
    await Events(redis, consumer="living").dismiss(silent_ms=0)
    assert await readers() == {}
    await _tell(redis, _life_of(ids[0], run=2))  # one that lived is there again
    assert len(await Events(redis, consumer="living").next(most=10, wait_ms=1)) == 1
    assert (await readers())["living"][0] == 1


async def test_nobody_has_to_be_forgotten_where_there_is_no_history(redis: Redis) -> None:
    """Neither a stream nor a group: Redis may have lost them a moment ago."""
    events = Events(redis, consumer="one")
    await events.dismiss(silent_ms=0)
    await redis.xadd(keys.EVENTS, {"events": b"[]"})
    await events.dismiss(silent_ms=0)
