"""Somebody has left in Redis what nobody of ours writes: it stays, and keeps none of the others back."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from jobs import codec, keys
from jobs.model import Job
from jobs.stores import rows
from jobs.stores.database import Database
from jobs.stores.remains import Remains
from tests.support.stage import Stage, stage_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


@pytest.mark.parametrize("result", [b"null", b"1", b"[1]", b'"x"', b'{"s":true,"r":1,"ft":1,"t":"x"}'])
async def test_a_result_that_is_none_is_left(stage: Stage, result: bytes) -> None:
    """Of a job that is gone otherwise."""
    odd, other = await stage.queued(), await stage.queued()
    for job in (odd, other):
        await stage.lose(job)
    await stage.redis.set(keys.RESULT + odd.id, result)
    await stage.heal()
    assert (await stage.hash_of(other))["run"] == "1"
    assert (await stage.row(odd))["state"] == "queued"


@pytest.mark.parametrize("result", [b"null", b'{"s":true,"r":1,"ft":1,"t":"x"}', b'{"s":true,"r":1,"ft":1,"t":[1]}'])
async def test_one_that_a_stock_worker_has_left_is_left_too(stage: Stage, result: bytes) -> None:
    """It has taken the job's payload too."""
    odd, other = await stage.queued(owner="a"), await stage.queued(owner="b")
    await stage.redis.delete(keys.PAYLOAD + odd.id)
    await stage.lose(other)
    await stage.redis.set(keys.RESULT + odd.id, result)
    await stage.heal()
    assert (await stage.hash_of(other))["run"] == "1"


async def test_a_job_that_a_fault_keeps_as_it_is_keeps_none_back(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next look comes by it again."""
    odd, other = await stage.queued(owner="a"), await stage.queued(owner="b")
    for job in (odd, other):
        await stage.redis.delete(keys.PAYLOAD + job.id)
    put_payload = Remains.put_payload

    async def put(remains: Remains, job: Job) -> None:
        if job.id == odd.id:
            raise TypeError("its arguments have no JSON form")
        await put_payload(remains, job)

    monkeypatch.setattr(Remains, "put_payload", put)
    await stage.heal()
    assert await stage.redis.exists(keys.PAYLOAD + other.id) == 1
    monkeypatch.undo()
    await stage.heal()
    assert await stage.redis.exists(keys.PAYLOAD + odd.id) == 1


@pytest.mark.parametrize("kept", [b"null", b"{}", b"no JSON", b'{"id":"a","run_at":5}'])
async def test_a_stray_whose_acceptance_cannot_be_read_gets_a_row(stage: Stage, kept: bytes) -> None:
    """Its hash tells enough."""
    odd, other = await stage.queued(), await stage.queued()
    await stage.redis.set(keys.row(odd.id), kept)
    await stage.database.execute("DELETE FROM jobs")
    await stage.heal()
    assert len(await stage.database.fetch("SELECT FROM jobs")) == 2
    row = await stage.row(odd)
    assert (row["args"], row["tags"]) == ({"a": 1}, [])
    assert (await stage.row(other))["args"] == {"a": 1}


async def test_a_stray_that_another_release_has_accepted_keeps_its_tags(stage: Stage) -> None:
    """What this one does not know of is nothing to it."""
    job = await stage.queued()
    kept = codec.loads(rows.pack(replace(job, tags=("red",)))) | {"unheard_of": 1}
    await stage.redis.set(keys.row(job.id), codec.dumps(kept))
    await stage.database.execute("DELETE FROM jobs")
    await stage.heal()
    assert (await stage.row(job))["tags"] == ["red"]
