"""Jobs that stock arq clients put in, and a worker of a site takes: each gets its row, however soon it ends."""

import pickle
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.jobs import Job

from jobs import codec, keys
from jobs.history import HistoryWriter
from jobs.scoring import QUARANTINE
from jobs.scribe import Scribe
from jobs.stores.database import Database, Row
from jobs.stores.events import Events
from jobs.strays import Strays
from tests.support.bed import QUEUE, Bed, bed_of, sleeping
from tests.support.both import both_of, look_for_strays, write_history
from tests.support.conditions import eventually
from tests.support.processes import WORKER, Running, started
from tests.support.stock import stock_client

_ALONE = tuple(word for word in WORKER if word != "--with-steward")
_DEEP = b'{"t":null,"f":"test.who","k":{"a":%b},"a":[],"et":1}' % (b"[" * 300 + b"]" * 300)


@pytest.fixture
async def bed(environ: dict[str, str], database: Database) -> AsyncIterator[Bed]:
    """Give the engine on a test bed that knows the tests' own tasks."""
    async with bed_of({**environ, "JOBS_TASKS": "tests.support.tasks:TASKS"}, database) as bed:
        yield bed


@pytest.fixture
async def client(bed: Bed) -> AsyncIterator[ArqRedis]:
    """Give a stock client."""
    async with stock_client(bed.environ["REDIS_URL"]) as client:
        yield client


@asynccontextmanager
async def _worker(bed: Bed, **settings: str) -> AsyncIterator[Running]:
    """Start a worker beside which no steward looks at what is in line."""
    async with started((*_ALONE, "--queues", f"{QUEUE}:4"), {**bed.environ, **settings}) as worker:
        await worker.says("worker_started")
        yield worker


async def _put(client: ArqRedis, task: str, *args: object, **kwargs: Any) -> Job:  # noqa: ANN401  arguments, and arq's own
    job = await client.enqueue_job(task, *args, **kwargs)
    assert job is not None
    return job


async def _ends(*jobs: Job) -> None:
    for job in jobs:
        await eventually(lambda job=job: job.result_info(), within_s=20)  # type: ignore[misc]


async def _rows(bed: Bed) -> dict[str, Row]:
    await write_history(both_of(bed.database, bed.redis))
    return {row["id"]: row for row in await bed.database.fetch("SELECT * FROM jobs")}


async def test_what_ends_at_once_gets_its_row(bed: Bed, client: ArqRedis) -> None:
    """With all that lists, the history and statistics tell of a job: how it went too."""
    async with _worker(bed):
        good = await _put(client, "diag.sleep", seconds=0.01)
        bad = await _put(client, "test.give_up")
        await _ends(good, bad)
    rows = await _rows(bed)
    row = rows[good.job_id]
    assert (row["task"], row["queue"], row["owner"], row["args"]) == ("diag.sleep", QUEUE, "arq", {"seconds": 0.01})
    assert (row["state"], row["tries"], row["result"], row["tags"]) == ("succeeded", 1, 0.01, [])
    assert row["accepted_at"] <= row["started_at"] < row["finished_at"] < row["expires_at"]
    assert row["worker"] is not None
    assert rows[bad.job_id]["state"] == "failed"
    assert rows[bad.job_id]["error"]["message"] == "there is no such shop"
    assert await bed.database.fetch("SELECT FROM dead_events") == []


async def test_arguments_by_place_have_names_in_the_row(bed: Bed, client: ArqRedis) -> None:
    """Those that the task gives them."""
    async with _worker(bed):
        job = await _put(client, "diag.sleep", 0.01)
        await _ends(job)
    assert (await _rows(bed))[job.job_id]["args"] == {"seconds": 0.01}


async def test_a_job_between_two_tries_has_its_row(bed: Bed, client: ArqRedis) -> None:
    """As soon as the first is over, and with both of them in the end."""
    async with _worker(bed):
        job = await _put(client, "test.fail_late", seconds=0.01)
        await _ends(job)
    row = (await _rows(bed))[job.job_id]
    assert (row["state"], row["tries"], row["result"]) == ("succeeded", 2, 2)
    tries = await bed.database.fetch("SELECT outcome FROM tries WHERE job_id = $1", job.job_id)
    assert [one["outcome"] for one in tries] == ["retrying"]


async def test_what_is_handed_back_has_its_row(bed: Bed, client: ArqRedis) -> None:
    """The worker that stops tells it; the next one ends the job."""
    async with _worker(bed, JOBS_DRAIN_S="0") as worker:
        job = await _put(client, "test.clean_up", seconds=3600, clean_up_s=0, _job_id="odd id = 5 | ö")
        await bed.trail.until_running([job.job_id], within_s=20)
        worker.send(signal.SIGTERM)
        assert await worker.ends(within_s=30) == 0
    row = (await _rows(bed))[job.job_id]
    assert (row["state"], row["tries"], row["timeout_s"]) == ("queued", 0, 3600)


async def test_two_stewards_may_read_its_events_in_any_order_and_again(bed: Bed, client: ArqRedis) -> None:
    """One is given the start, the other the end, which it writes first."""
    both = both_of(bed.database, bed.redis)
    await both.events.open()
    async with _worker(bed):
        job = await _put(client, "test.fail_late", seconds=0.01)
        await _ends(job)
    first = Events(bed.redis, consumer="first")
    entries = await first.next(most=1, wait_ms=1_000)
    assert (await _rows(bed))[job.job_id]["state"] == "succeeded"
    before = await bed.database.fetch("SELECT * FROM jobs")
    for _ in range(2):
        await HistoryWriter(events=first, scribe=Scribe(both.jobs, both.queue))._record(entries)  # noqa: SLF001  as a late steward does
    assert await bed.database.fetch("SELECT * FROM jobs") == before


async def test_an_id_that_is_used_again_keeps_its_row(bed: Bed, client: ArqRedis) -> None:
    """The later run is what it tells of."""
    async with _worker(bed):
        for seconds in (0.01, 0.02):
            job = await _put(client, "diag.sleep", seconds=seconds, _job_id="again")
            await _ends(job)
            await bed.redis.delete(keys.result("again"))  # or arq takes no other
    rows = await _rows(bed)
    assert rows.keys() == {"again"}
    assert (rows["again"]["state"], rows["again"]["result"]) == ("succeeded", 0.02)


async def test_what_no_row_can_hold_runs_without_one(bed: Bed, client: ArqRedis) -> None:
    """Neither workers nor stewards stumble over it, whether it is in line or has ended; it is told of no refusal."""
    who: dict[str, Any] = {"t": None, "f": "test.who", "k": {}, "a": [], "et": 1}
    ends = {
        "a\x00b": codec.dumps(who),
        "x" * 2_000: codec.dumps(who),
        "deep": _DEEP,
    }
    waits = {
        "named": codec.dumps({**who, "f": "a\x00b"}),
        "long": codec.dumps({**who, "f": "f" * 5_000}),
        "deep too": _DEEP.replace(b"test.who", b"test.unheard_of"),
    }
    both = both_of(bed.database, bed.redis)
    strays = Strays(both, scribe=Scribe(both.jobs, both.queue), queues=[QUEUE])
    for job_id, payload in {**ends, **waits}.items():
        await client.set(keys.PAYLOAD + job_id, payload)
        await client.zadd(keys.queue(QUEUE), {job_id: 1})
    async with _worker(bed) as worker:
        await _ends(*(Job(job_id, client, _deserializer=codec.loads) for job_id in ends))
        await look_for_strays(strays)
        good = await _put(client, "test.who")
        await _ends(good)
        assert worker.runs
    assert (await _rows(bed)).keys() == {good.job_id}
    assert await both.jobs.owners_of([*ends, good.job_id]) == {good.job_id: "arq"}
    assert await bed.database.fetch("SELECT FROM dead_events") == []


async def test_what_could_not_be_run_at_all_is_seen_as_failed(bed: Bed, client: ArqRedis) -> None:
    """By whoever looks why nothing comes of it: clients write pickles, unless they are told, or wrong arguments."""
    who: dict[str, Any] = {"t": None, "f": "test.who", "k": {"more": True}, "a": [1, 2], "et": 1}
    for job_id, payload in {"many": codec.dumps(who), "pickle": pickle.dumps(who)}.items():
        await client.set(keys.PAYLOAD + job_id, payload)
        await client.zadd(keys.queue(QUEUE), {job_id: 1})
    async with _worker(bed):
        await _ends(*(Job(job_id, client, _deserializer=codec.loads) for job_id in ("many", "pickle")))
    rows = await _rows(bed)
    many, pickled = rows["many"], rows["pickle"]
    assert (many["task"], many["state"], many["args"]) == ("test.who", "failed", {"0": 1, "1": 2, "more": True})
    assert many["error"]["type"] == "InvalidInputError"
    assert (pickled["task"], pickled["state"], pickled["args"]) == ("<unknown>", "failed", {})
    assert "payload cannot be read" in pickled["error"]["message"]
    assert await bed.database.fetch("SELECT FROM dead_events") == []


async def test_what_waits_for_a_worker_that_knows_it_gets_its_row_by_a_look(bed: Bed, client: ArqRedis) -> None:
    """As all that is in line."""
    async with _worker(bed) as worker:
        job = await _put(client, "test.unheard_of", shop=1)
        await worker.says("task_unknown")
    both = both_of(bed.database, bed.redis)
    await look_for_strays(Strays(both, scribe=Scribe(both.jobs, both.queue), queues=[QUEUE]))
    row = (await _rows(bed))[job.job_id]
    assert (row["task"], row["args"], row["state"]) == ("test.unheard_of", {"shop": 1}, "queued")


async def test_what_a_worker_did_not_know_gets_its_row_from_one_that_does(bed: Bed, client: ArqRedis) -> None:
    """With the limits that its task declares, though the queue has the task's name by then."""
    async with _worker(bed, JOBS_TASKS="") as worker:
        job = await _put(client, "test.await_file", "/dev/null")
        await worker.says("task_unknown")

        async def is_put_aside() -> bool:
            return bool(await bed.redis.hget(keys.job(job.job_id), "t"))  # type: ignore[misc]

        await eventually(is_put_aside)
    await client.zadd(keys.queue(QUEUE), {job.job_id: 1}, xx=True)  # without the ten seconds
    async with _worker(bed):
        await _ends(job)
    row = (await _rows(bed))[job.job_id]
    assert (row["args"], row["state"], row["tries"]) == ({"path": "/dev/null"}, "succeeded", 1)


async def test_an_id_that_is_no_text_ends_nobody(bed: Bed, client: ArqRedis) -> None:
    """Neither worker nor steward: it is put aside, and all others go on, whatever is asked of it."""
    both = both_of(bed.database, bed.redis)
    strays = Strays(both, scribe=Scribe(both.jobs, both.queue), queues=[QUEUE])
    bad = b"\xff\xfe"
    async with bed.worker(4) as worker:
        await client.set(keys.PAYLOAD.encode() + bad, b'{"t":null,"f":"test.who","k":{},"a":[],"et":1}')
        await client.zadd(keys.queue(QUEUE), {bad: 1})
        await client.zadd(keys.ABORT, {bad: 1})
        await client.publish(keys.CANCEL_CHANNEL, bad)
        first = await _put(client, "test.who")
        await _ends(first)
        await look_for_strays(strays)
        assert await client.zscore(keys.queue(QUEUE), bad) == QUARANTINE
        second = await _put(client, "test.who")
        await _ends(second)
        await bed.until_written(within_s=20)
        assert worker.runs
    assert (await _rows(bed)).keys() == {first.job_id, second.job_id}


async def test_aborting_a_job_touches_none_whose_id_is_a_part_of_its_own(bed: Bed, client: ArqRedis) -> None:
    """An id of a stock client's may have spaces."""
    async with _worker(bed) as worker:
        (other,) = await bed.submit([sleeping(3600)])
        odd = await _put(client, "test.clean_up", seconds=3600, clean_up_s=0, _job_id=f"not {other}")
        await bed.trail.until_running([other, odd.job_id], within_s=20)
        assert await odd.abort(timeout=20, poll_delay=0.02)
        told = await worker.says("job_cancelling.*")
        rows = await _rows(bed)
    assert odd.job_id in told.string  # at once, and not at its next renewal
    assert (rows[odd.job_id]["state"], rows[other]["state"]) == ("cancelled", "running")
