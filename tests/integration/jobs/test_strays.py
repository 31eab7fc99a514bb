"""Jobs that only Redis has: they are found however many there are, and what becomes of them meanwhile counts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from jobs import strays
from jobs.cancelling import cancel_until_ended
from jobs.model import Job
from jobs.stores.database import Database
from jobs.stores.entries import Entries
from jobs.stores.queue import Entry
from tests.support.accepted import accepted
from tests.support.both import write_history
from tests.support.conditions import eventually
from tests.support.stage import QUEUE, Stage, stage_of


@pytest.fixture
async def stage(environ: dict[str, str], database: Database) -> AsyncIterator[Stage]:
    """Give empty stores."""
    async with stage_of(environ, database) as stage:
        yield stage


async def test_what_it_does_after_the_look_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is claimed after its state was read, and before that is told."""
    job = await stage.queued()
    await stage.database.execute("DELETE FROM jobs")
    read = Entries.jobs

    async def then_claimed(entries: Entries, job_ids: Sequence[str]) -> list[Job]:
        found = await read(entries, job_ids)
        await stage.claim()
        return found

    monkeypatch.setattr(Entries, "jobs", then_claimed)
    await stage.strays.look(QUEUE, 0)
    await write_history(stage.both)
    assert (await stage.row(job))["state"] == "running"


async def test_one_that_no_row_can_hold_is_told_once(stage: Stage) -> None:
    """PostgreSQL refuses its priority: each look would bury it once more. Those beside it get their rows."""
    job = await stage.queued()
    strange = replace(job, id="strange", priority=77)
    await stage.both.queue.enqueue([Entry(job=strange, typical_s=1.0)])
    await stage.database.execute("DELETE FROM jobs")
    for _ in range(3):
        await stage.strays.look(QUEUE, 0)
    (buried,) = await stage.database.fetch("SELECT told FROM dead_events")
    assert "strange" in buried["told"]
    assert [row["id"] for row in await stage.database.fetch("SELECT id FROM jobs")] == [job.id]


async def test_a_round_does_not_rest_before_its_end(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million entries are looked at within minutes."""
    monkeypatch.setattr(strays, "_EVERY_S", 3_600.0)
    ids = await accepted(stage.database, 1_000)
    for first in range(0, 1_000, 200):
        jobs = [await stage.both.jobs.get(job_id) for job_id in ids[first : first + 200]]
        await stage.both.queue.enqueue([Entry(job=job, typical_s=1.0) for job in jobs if job is not None])
    await write_history(stage.both)
    await stage.database.execute("DELETE FROM jobs")

    async def has_them_all() -> bool:
        (row,) = await stage.database.fetch("SELECT count(*) AS amount FROM jobs")
        return bool(row["amount"] == 1_000)

    looking = asyncio.create_task(stage.strays.run())
    try:
        await eventually(has_them_all)
    finally:
        await cancel_until_ended([looking], again_s=0.5)
