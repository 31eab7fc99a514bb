"""Lists of jobs from PostgreSQL: each filter and each way through the pages, beside the same done by hand."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from jobs.lifecycle import ENDS
from jobs.model import Job, State
from jobs.prune import Pruner
from jobs.stores import listing, rows
from jobs.stores.audit import AuditLog
from jobs.stores.batches import BatchStore
from jobs.stores.database import Database
from jobs.stores.jobs import JobStore, NewJob
from jobs.stores.listing import JobFilter, Listing, Place

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_JOBS = 600
_ROWS = """
INSERT INTO jobs (
    id, task, queue, owner, state, priority, args, tags, max_tries, timeout_s, accepted_at, finished_at,
    batch_id
)
SELECT
    id, task, queue, owner, state, 5, '{}', tags, 5, 300, accepted_at, CASE WHEN is_over THEN accepted_at END, batch
FROM jsonb_to_recordset($1) AS new (
    id text, task text, queue text, owner text, state text, tags text[], accepted_at timestamptz, is_over boolean,
    batch text
)
"""


async def _fill(database: Database, dice: random.Random) -> list[Job]:
    """Store jobs, of which many share a moment; give them newest first."""
    new = []
    for number in range(_JOBS):
        state = dice.choice(list(State))
        new.append(
            {
                "id": f"{dice.getrandbits(64):016x}",
                "task": dice.choice(["a", "b", "c"]),
                "queue": dice.choice(["q", "r"]),
                "owner": dice.choice(["ann", "bob", "zoë"]),
                "state": state,
                "tags": dice.sample(["x", "y", "z"], dice.randrange(3)),
                "accepted_at": _BEGIN + timedelta(seconds=number // 7),
                "is_over": state in ENDS,
                "batch": dice.choice(["b1", "b2", None]),
            }
        )
    await database.execute(_ROWS, new)
    store = JobStore(database)
    jobs = [await store.get(str(one["id"])) for one in new]
    return sorted((job for job in jobs if job), key=lambda job: (job.accepted_at, job.id), reverse=True)


def _fitting(jobs: Sequence[Job], wanted: JobFilter) -> list[str]:
    return [
        job.id
        for job in jobs
        if job.state in (wanted.states or State)
        and wanted.owner in {None, job.owner}
        and wanted.task in {None, job.task}
        and wanted.queue in {None, job.queue}
        and (wanted.tag is None or wanted.tag in job.tags)
        and wanted.batch in {None, job.batch_id}
        and (wanted.accepted_after is None or job.accepted_at >= wanted.accepted_after)
        and (wanted.accepted_before is None or job.accepted_at < wanted.accepted_before)
    ]


def _drawn(dice: random.Random) -> JobFilter:
    return JobFilter(
        states=dice.sample(list(State), dice.choice([0, 0, 1, 2, 5])),
        owner=dice.choice([None, "ann", "zoë", "nobody"]),
        task=dice.choice([None, None, "a", "none"]),
        queue=dice.choice([None, None, "q", "none"]),
        tag=dice.choice([None, None, "x", "none"]),
        batch=dice.choice([None, None, None, "b1", "none"]),
        accepted_after=dice.choice([None, None, _BEGIN + timedelta(seconds=20)]),
        accepted_before=dice.choice([None, None, _BEGIN + timedelta(seconds=60)]),
    )


async def _walk(store: Listing, wanted: JobFilter, limit: int) -> list[str]:
    """Go through all pages."""
    found: list[str] = []
    place: Place | None = None
    while True:
        page = await store.page(wanted, after=place, limit=limit)
        assert len(page.jobs) <= limit
        found += [job.id for job in page.jobs]
        if page.following is None:
            return found
        assert place is None or page.following < place, "each page goes on"
        place = page.following


@pytest.mark.parametrize("most_looked_at", [listing.MOST_LOOKED_AT, 40])
async def test_the_pages_hold_what_fits_once_and_in_order(
    database: Database, monkeypatch: pytest.MonkeyPatch, most_looked_at: int
) -> None:
    """Whatever the filter and the size of a page, also where pages end before they are full."""
    monkeypatch.setattr(listing, "MOST_LOOKED_AT", most_looked_at)
    monkeypatch.setattr(listing, "MOST_SEEN", min(most_looked_at, listing.MOST_SEEN))
    monkeypatch.setattr(listing, "MOST_READ", min(most_looked_at, listing.MOST_READ))
    dice = random.Random(7)  # noqa: S311  nothing is kept secret with it
    jobs = await _fill(database, dice)
    store = Listing(database)
    assert await _walk(store, JobFilter(), 50) == [job.id for job in jobs]
    for _ in range(150):
        wanted = _drawn(dice)
        assert await _walk(store, wanted, dice.choice([1, 7, 50, 200])) == _fitting(jobs, wanted), wanted


async def test_a_cursor_is_a_place_and_nothing_else(database: Database) -> None:
    """The filter may change on the way; a place after all is the end; new jobs do not move the pages."""
    jobs = await _fill(database, random.Random(1))  # noqa: S311  nothing is kept secret with it
    store = Listing(database)
    place = (await store.page(JobFilter(), after=None, limit=100)).following
    assert place == (jobs[99].accepted_at, jobs[99].id)
    for wanted in (JobFilter(owner="ann"), JobFilter(tag="x"), JobFilter(task="a")):
        page = await store.page(wanted, after=place, limit=10)
        assert [job.id for job in page.jobs] == _fitting(jobs[100:], wanted)[:10]
    (new,) = await _accepted(database, replace(_NEW, id="new"))
    assert [job.id for job in (await store.page(JobFilter(), after=None, limit=1)).jobs] == [new.id]
    assert (await store.page(JobFilter(), after=place, limit=1)).jobs[0].id == jobs[100].id
    last = Place(jobs[-1].accepted_at, jobs[-1].id)
    assert await store.page(JobFilter(), after=last, limit=10) == listing.Page(jobs=[], following=None)


async def test_an_empty_table_has_one_empty_page(database: Database) -> None:
    """By each index."""
    named = (JobFilter(owner="a"), JobFilter(task="a"), JobFilter(queue="a"), JobFilter(tag="a"), JobFilter(batch="a"))
    for wanted in (JobFilter(), *named):
        assert await Listing(database).page(wanted, after=None, limit=5) == listing.Page(jobs=[], following=None)


_NEW = NewJob(
    id="",
    task="diag.noop",
    queue="data_sync",
    owner="ann",
    priority=5,
    args={},
    tags=("x", "y, z", "x"),
    max_tries=5,
    timeout_s=0.5,
    run_at=None,
    delay_s=None,
)


async def _accepted(database: Database, *new: NewJob) -> list[Job]:
    async with database.connect() as connection:
        return [job for job in await JobStore(database).insert(new, connection=connection) if job is not None]


async def _tagged(database: Database) -> set[tuple[str, str]]:
    return {(row["tag"], row["id"]) for row in await database.fetch("SELECT tag, id FROM job_tags")}


async def test_tags_come_and_go_with_their_jobs(database: Database) -> None:
    """Accepted, made from an event while PostgreSQL was away, withdrawn, dropped when they are old."""
    store = JobStore(database)
    await _accepted(database, replace(_NEW, id="a"), replace(_NEW, id="b", tags=()), replace(_NEW, id="c"))
    kept = replace(_NEW, id="d", tags=("x",)).accepted(at=_BEGIN, run_at=None, expires_at=None)
    told = {"id": "d", "run": "1", "v": "1", "at": "1", "state": "queued", "row": rows.pack(kept).decode()}
    for _ in range(2):
        await store.apply(orjson.dumps([told]))
    assert await _tagged(database) == {("x", "a"), ("y, z", "a"), ("x", "c"), ("y, z", "c"), ("x", "d")}
    page = await Listing(database).page(JobFilter(tag="x"), after=None, limit=5)
    assert [job.id for job in page.jobs] == ["c", "a", "d"]
    await store.withdraw("a")
    assert await _tagged(database) == {("x", "c"), ("y, z", "c"), ("x", "d")}
    await store.apply(orjson.dumps([{"id": "d", "run": "1", "v": "2", "at": "2", "state": "cancelled"}]))
    pruner = Pruner(jobs=store, batches=BatchStore(database), days=1, audit=AuditLog(database), audit_days=0)
    assert await pruner.prune() == 1
    assert await _tagged(database) == {("x", "c"), ("y, z", "c")}
